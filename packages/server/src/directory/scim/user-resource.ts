import { z } from "zod";
import { toTimestamp } from "../../clock.ts";
import { idOf } from "../../identity/read-user-claims.ts";
import type { UserWithGroups } from "../../store/identity-records.ts";
import { problem, SCHEMA, type ScimProblem } from "./scim-answer.ts";

/** A user as SCIM says it. What the vault has no use for is not kept. */
const Email = z.object({ value: z.string().max(320), primary: z.boolean().optional() });
const Name = z.object({
  formatted: z.string().max(500).nullish(),
  givenName: z.string().max(200).nullish(),
  familyName: z.string().max(200).nullish(),
});
const UserBody = z.object({
  userName: z.string().min(1).max(320),
  externalId: z.string().min(1).max(500).optional(),
  displayName: z.string().max(200).nullish(),
  name: Name.nullish(),
  emails: z.array(Email).max(50).nullish(),
  active: z.boolean().optional(),
});

/** What a request says of a user. Undefined: it says nothing of it. */
export interface ScimUser {
  readonly userName?: string;
  readonly externalId?: string;
  readonly name?: string | null;
  readonly email?: string | null;
  readonly active?: boolean;
}

/** A whole user, of a POST or a PUT. */
export function readUser(
  body: unknown,
): { readonly ok: true; readonly user: ScimUser & { userName: string } } | ScimProblem {
  const parsed = UserBody.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(400, `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "is no user"}`, "invalidValue");
  }
  const { userName, externalId, active, emails } = parsed.data;
  if ([userName, externalId ?? userName].some((id) => idOf(id, 500) === null)) {
    return problem(400, "userName or externalId holds characters that no id has", "invalidValue");
  }
  const user = {
    userName,
    name: nameOf(parsed.data),
    email: (emails?.find(({ primary }) => primary) ?? emails?.[0])?.value ?? null,
    ...(externalId === undefined ? {} : { externalId }),
    ...(active === undefined ? {} : { active }),
  };
  return { ok: true, user };
}

/** The parts of a name, as much as there is of it. */
export interface NameParts {
  readonly displayName?: string | null | undefined;
  readonly name?:
    | {
        readonly formatted?: string | null | undefined;
        readonly givenName?: string | null | undefined;
        readonly familyName?: string | null | undefined;
      }
    | null
    | undefined;
}

export function nameOf({ displayName, name }: NameParts): string | null {
  const parts = [name?.givenName, name?.familyName].filter((part) => typeof part === "string" && part !== "");
  return (displayName || name?.formatted || parts.join(" ") || null)?.slice(0, 200) ?? null;
}

export function showUser({ user, groups }: UserWithGroups, base: string): Record<string, unknown> {
  return {
    schemas: [SCHEMA.user],
    id: user.id,
    externalId: user.subject,
    userName: user.userName ?? user.email ?? user.subject,
    ...(user.name === null ? {} : { displayName: user.name, name: { formatted: user.name } }),
    ...(user.email === null ? {} : { emails: [{ value: user.email, primary: true }] }),
    active: user.activeInDirectory,
    groups: groups.map(({ id, name }) => ({ value: id, display: name, $ref: `${base}/Groups/${id}` })),
    meta: { resourceType: "User", created: toTimestamp(user.createdAt), location: `${base}/Users/${user.id}` },
  };
}
