import { resolvePointer, textAt } from "@alter-vault/providers";
import { idOf } from "../../identity/read-user-claims.ts";
import type { DirectoryEvent } from "./notice.ts";

/**
 * Events of Clerk. Undefined: of another kind, and none of the vault's business. Null: of a kind that counts, and cannot
 * be read.
 */
export function readClerk(body: unknown): { event: DirectoryEvent; saidAt: number | null } | null | undefined {
  const data = resolvePointer(body, "/data");
  const saidAt = timeOf(resolvePointer(data, "/updated_at"));
  switch (textAt(body, "/type")) {
    case "user.created":
    case "user.updated": {
      const subject = idOf(resolvePointer(data, "/id"), 500);
      if (subject === null) return null;
      // Banned is what an administrator does. Locked is for some minutes, after wrong passwords.
      const active = resolvePointer(data, "/banned") !== true;
      const user = { subject, email: primaryEmail(data), name: fullName(data), active };
      return { event: { type: "user.seen", user }, saidAt };
    }
    case "user.deleted": {
      const subject = idOf(resolvePointer(data, "/id"), 500);
      return subject === null ? null : { event: { type: "user.deleted", subject }, saidAt: null };
    }
    case "organizationMembership.created":
    case "organizationMembership.deleted": {
      const subject = idOf(resolvePointer(data, "/public_user_data/user_id"), 500);
      const externalId = idOf(resolvePointer(data, "/organization/id"), 300);
      if (subject === null || externalId === null) return null;
      const type =
        textAt(body, "/type") === "organizationMembership.created" ? "membership.added" : "membership.deleted";
      const group = { externalId, name: textAt(data, "/organization/name")?.slice(0, 200) };
      return { event: { type, subject, group }, saidAt: null };
    }
    case "organization.deleted": {
      const externalId = idOf(resolvePointer(data, "/id"), 300);
      return externalId === null ? null : { event: { type: "group.deleted", externalId }, saidAt: null };
    }
    default:
      return undefined;
  }
}

function timeOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function primaryEmail(data: unknown): string | null {
  const all = resolvePointer(data, "/email_addresses");
  if (!Array.isArray(all)) return null;
  const id = textAt(data, "/primary_email_address_id");
  const primary = all.find((one: unknown) => textAt(one, "/id") === id) ?? all[0];
  return textAt(primary, "/email_address")?.slice(0, 320) ?? null;
}

function fullName(data: unknown): string | null {
  const name = [textAt(data, "/first_name"), textAt(data, "/last_name")].filter((part) => part !== undefined).join(" ");
  return name === "" ? null : name.slice(0, 200);
}
