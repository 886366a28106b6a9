import { idOf } from "../../identity/read-user-claims.ts";
import type { PatchOperation } from "./read-patch.ts";
import { problem, type ScimProblem } from "./scim-answer.ts";
import { nameOf, type ScimUser } from "./user-resource.ts";

type Patched = { readonly ok: true; readonly user: ScimUser } | ScimProblem;
type Writable = { -readonly [Name in keyof ScimUser]: ScimUser[Name] };

/** What a PATCH says of a user. Attributes that the vault does not keep are passed over; whether somebody is active is not. */
export function patchUser(operations: readonly PatchOperation[]): Patched {
  const user: Writable = {};
  for (const { op, attribute, value } of operations) {
    const pairs = attribute === null ? Object.entries(value as object) : [[attribute, value] as const];
    for (const [name, given] of pairs) {
      const wrong = op === "remove" ? removeFrom(user, name) : putInto(user, name.toLowerCase(), given);
      if (wrong) return wrong;
    }
  }
  return { ok: true, user };
}

function putInto(user: Writable, attribute: string, value: unknown): ScimProblem | null {
  switch (attribute) {
    case "active": {
      const active = booleanOf(value);
      if (active === null) return problem(400, "active is true or false", "invalidValue");
      user.active = active;
      return null;
    }
    case "username":
    case "externalid":
      if (typeof value !== "string" || idOf(value, attribute === "username" ? 320 : 500) === null) {
        return problem(400, `${attribute} is a text`, "invalidValue");
      }
      if (attribute === "username") user.userName = value;
      else user.externalId = value;
      return null;
    case "displayname":
    case "name.formatted":
      user.name = typeof value === "string" && value !== "" ? value.slice(0, 200) : null;
      return null;
    case "name":
      if (typeof value === "object" && value !== null)
        user.name = nameOf({ name: textsOf(value) }) ?? user.name ?? null;
      return null;
    case "emails": {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      const primary = list.find((one) => isObject(one) && one["primary"] === true) ?? list[0];
      user.email = isObject(primary) && typeof primary["value"] === "string" ? primary["value"].slice(0, 320) : null;
      return null;
    }
    case "emails.value":
      user.email = typeof value === "string" && value !== "" ? value.slice(0, 320) : null;
      return null;
    default:
      return null;
  }
}

function removeFrom(user: Writable, attribute: string): ScimProblem | null {
  switch (attribute.toLowerCase()) {
    case "active":
    case "username":
    case "externalid":
      return problem(400, `${attribute} cannot be removed`, "mutability");
    case "displayname":
    case "name":
    case "name.formatted":
      user.name = null;
      return null;
    case "emails":
    case "emails.value":
      user.email = null;
      return null;
    default:
      return null;
  }
}

/** Entra says "False". */
function booleanOf(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return null;
  const word = value.toLowerCase();
  return word === "true" ? true : word === "false" ? false : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(value: object): { formatted?: string; givenName?: string; familyName?: string } {
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}
