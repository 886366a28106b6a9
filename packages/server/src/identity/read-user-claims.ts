import { resolvePointer, textAt } from "@alter-vault/providers";
import type { IdpClaims } from "@alter-vault/protocol";

/** What a token says of its user, by the identity provider's claims. */
export interface UserClaims {
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  /** Undefined: nothing is said about groups, and memberships stay as they are. */
  readonly groups: readonly ExternalGroup[] | undefined;
}

export interface ExternalGroup {
  readonly externalId: string;
  readonly name?: string;
}

const LONGEST_SUBJECT = 500;
const LONGEST_GROUP_ID = 300;
const MOST_GROUPS = 500;

/** Null when the claim that says who it is is missing, or cannot be told apart from another user's. */
export function readUserClaims(payload: unknown, claims: IdpClaims): UserClaims | null {
  const subject = idOf(resolvePointer(payload, pointer(claims.user_id)), LONGEST_SUBJECT);
  if (subject === null) return null;
  return {
    subject,
    email: textAt(payload, pointer(claims.email))?.slice(0, 320) ?? null,
    name: textAt(payload, pointer(claims.name))?.slice(0, 200) ?? null,
    groups: claims.groups === null ? undefined : readGroups(resolvePointer(payload, pointer(claims.groups))),
  };
}

/**
 * A text that stands for somebody or something. Two that differ must stay different: nothing is cut off, and what a
 * database or a number would round or replace is none.
 */
export function idOf(value: unknown, longest: number): string | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value !== "string" || value.length === 0 || value.length > longest) return null;
  // Control characters, and halves of characters that come out of a store as the same replacement.
  return value.isWellFormed() && !/\p{Cc}/u.test(value) ? value : null;
}

/** Texts, objects with an id, one text, or an object by id (Clerk's organisations). Missing means none. */
function readGroups(value: unknown): ExternalGroup[] {
  const list = Array.isArray(value) ? value : isObject(value) ? Object.keys(value) : [value];
  const groups = list.slice(0, MOST_GROUPS).flatMap((item: unknown) => readGroup(item) ?? []);
  return [...new Map(groups.map((group) => [group.externalId, group])).values()];
}

function readGroup(item: unknown): ExternalGroup | null {
  if (!isObject(item)) return withId(item);
  const name = textAt(item, "/name") ?? textAt(item, "/display_name");
  return withId(item["id"] ?? item["name"], name?.slice(0, 200));
}

function withId(value: unknown, name?: string): ExternalGroup | null {
  const externalId = idOf(value, LONGEST_GROUP_ID);
  if (externalId === null) return null;
  return { externalId, ...(name === undefined ? {} : { name }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A claim is named as it is written in the token; one that lies deeper by a JSON Pointer. */
function pointer(path: string): string {
  if (path.startsWith("/")) return path;
  return `/${path.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
