import { z } from "zod";
import { idOf } from "../../identity/read-user-claims.ts";
import type { DirectoryEvent } from "./notice.ts";

const id = (longest: number) => z.string().refine((text) => idOf(text, longest) !== null, "is no id");
const group = { group_id: id(300), group_name: z.string().min(1).max(200).optional() };

/** What any other directory sends, by Standard Webhooks. docs/operations.md describes it. */
const GenericEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("user.updated"),
    user_id: id(500),
    email: z.string().max(320).nullable().optional(),
    name: z.string().max(200).nullable().optional(),
    active: z.boolean().optional(),
  }),
  z.object({ type: z.literal("user.suspended"), user_id: id(500) }),
  z.object({ type: z.literal("user.resumed"), user_id: id(500) }),
  z.object({ type: z.literal("user.deleted"), user_id: id(500) }),
  z.object({ type: z.literal("membership.added"), user_id: id(500), ...group }),
  z.object({ type: z.literal("membership.deleted"), user_id: id(500), ...group }),
  z.object({ type: z.literal("group.deleted"), group_id: id(300) }),
]);

/** Null: it cannot be read. */
export function readGeneric(body: unknown): DirectoryEvent | null {
  const parsed = GenericEvent.safeParse(body);
  if (!parsed.success) return null;
  const event = parsed.data;
  switch (event.type) {
    case "user.updated": {
      const { user_id: subject, email, name, active } = event;
      return { type: "user.seen", user: { subject, email, name, active } };
    }
    case "user.suspended":
    case "user.resumed":
      return { type: "user.seen", user: { subject: event.user_id, active: event.type === "user.resumed" } };
    case "user.deleted":
      return { type: "user.deleted", subject: event.user_id };
    case "membership.added":
    case "membership.deleted": {
      const { type, user_id: subject, group_id: externalId, group_name: name } = event;
      return { type, subject, group: { externalId, name } };
    }
    case "group.deleted":
      return { type: "group.deleted", externalId: event.group_id };
  }
}
