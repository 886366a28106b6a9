import { idOf } from "../../identity/read-user-claims.ts";
import type { PatchOperation } from "./read-patch.ts";
import { problem, type ScimProblem } from "./scim-answer.ts";

/** What becomes of a group. `members`: these and no others; then who comes and who goes. */
export interface GroupPatch {
  readonly name?: string;
  readonly members?: readonly string[];
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

type Patched = { readonly ok: true; readonly patch: GroupPatch; readonly externalId?: string } | ScimProblem;

interface State {
  name?: string;
  externalId?: string;
  members?: Set<string>;
  readonly add: Set<string>;
  readonly remove: Set<string>;
}

/** Operations count in their order: who is added and then removed is out. */
export function patchGroup(operations: readonly PatchOperation[]): Patched {
  const state: State = { add: new Set(), remove: new Set() };
  for (const operation of operations) {
    const wrong = applyOne(state, operation);
    if (wrong) return wrong;
  }
  const { name, externalId, members, add, remove } = state;
  const patch = {
    ...(name === undefined ? {} : { name }),
    ...(members === undefined ? {} : { members: [...members] }),
    add: [...add],
    remove: [...remove],
  };
  return { ok: true, patch, ...(externalId === undefined ? {} : { externalId }) };
}

function applyOne(state: State, { op, attribute, where, value }: PatchOperation): ScimProblem | null {
  if (attribute === null) {
    for (const [name, given] of Object.entries(value as object)) {
      const wrong = applyOne(state, { op, attribute: name.toLowerCase(), where: null, value: given });
      if (wrong) return wrong;
    }
    return null;
  }
  switch (attribute) {
    case "displayname":
    case "externalid": {
      if (op === "remove") return problem(400, `${attribute} cannot be removed`, "mutability");
      const text = typeof value === "string" && value.length <= 200 ? idOf(value, 200) : null;
      if (text === null) return problem(400, `${attribute} is a text`, "invalidValue");
      if (attribute === "displayname") state.name = text;
      else state.externalId = text;
      return null;
    }
    case "members":
      return applyMembers(state, op, where, value);
    default:
      return null;
  }
}

function applyMembers(
  state: State,
  op: PatchOperation["op"],
  where: PatchOperation["where"],
  value: unknown,
): ScimProblem | null {
  if (where && (op !== "remove" || where.attribute !== "value")) {
    return problem(400, "members are named by their value, to be removed", "invalidPath");
  }
  const ids = where ? [where.value] : value === undefined || value === null ? null : idsOf(value);
  if (ids === undefined) return problem(400, "members are a list of objects with a value", "invalidValue");
  if (op === "replace" || (op === "remove" && ids === null)) {
    state.members = new Set(op === "replace" ? (ids ?? []) : []);
    state.add.clear();
    state.remove.clear();
    return null;
  }
  for (const id of ids ?? []) {
    if (op === "add") come(state, id);
    else go(state, id);
  }
  return null;
}

function come({ members, add, remove }: State, id: string): void {
  remove.delete(id);
  if (members) members.add(id);
  else add.add(id);
}

function go({ members, add, remove }: State, id: string): void {
  add.delete(id);
  if (members) members.delete(id);
  else remove.add(id);
}

/** Undefined: it is no list of members. */
function idsOf(value: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const ids = list.map((one) => (typeof one === "object" && one !== null && "value" in one ? one.value : undefined));
  return ids.every((id) => typeof id === "string" && id.length <= 100) ? (ids as string[]) : undefined;
}
