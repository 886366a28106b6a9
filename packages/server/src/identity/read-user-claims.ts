import { resolvePointer, textAt } from "@alter-vault/providers";
import type { IdpClaims } from "@alter-vault/protocol";

/** What a token says of its user, by the identity provider's claims. */
export interface UserClaims {
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  /** Undefined: nothing is said about groups, and memberships stay as they are. */
  readonly groups: readonly { readonly externalId: string; readonly name?: string }[] | undefined;
}

/** Null when the claim that says who it is is missing, or no text. */
export function readUserClaims(payload: unknown, claims: IdpClaims): UserClaims | null {
  const subject = textAt(payload, pointer(claims.user_id));
  if (subject === undefined || subject.length > 500) return null;
  return {
    subject,
    email: textAt(payload, pointer(claims.email))?.slice(0, 320) ?? null,
    name: textAt(payload, pointer(claims.name))?.slice(0, 200) ?? null,
    groups: claims.groups === null ? undefined : readGroups(resolvePointer(payload, pointer(claims.groups))),
  };
}

const MOST_GROUPS = 500;

/** Texts, objects with an id, one text, or an object by id (Clerk's and Auth0's organisations). Missing means none. */
function readGroups(value: unknown): { externalId: string; name?: string }[] {
  if (typeof value === "string" && value !== "") return [{ externalId: value }];
  const list = Array.isArray(value) ? value : typeof value === "object" && value !== null ? Object.entries(value) : [];
  const groups = list.slice(0, MOST_GROUPS).flatMap((item: unknown) => readGroup(item) ?? []);
  return [...new Map(groups.map((group) => [group.externalId, group])).values()];
}

function readGroup(item: unknown): { externalId: string; name?: string } | null {
  if (typeof item === "string" && item !== "") return { externalId: item.slice(0, 300) };
  if (Array.isArray(item)) return typeof item[0] === "string" ? { externalId: item[0].slice(0, 300) } : null;
  const id = textAt(item, "/id") ?? textAt(item, "/name");
  if (id === undefined) return null;
  const name = textAt(item, "/name") ?? textAt(item, "/display_name");
  return { externalId: id.slice(0, 300), ...(name === undefined ? {} : { name: name.slice(0, 200) }) };
}

/** A claim is named as it is written in the token; one that lies deeper by a JSON Pointer. */
function pointer(path: string): string {
  if (path.startsWith("/")) return path;
  return `/${path.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
