import { z } from "zod";
import { toTimestamp } from "../../clock.ts";
import { idOf } from "../../identity/read-user-claims.ts";
import type { GroupRecord, IdpRecord } from "../../store/identity-records.ts";
import { removeGroup, type ApplyDeps } from "../apply-event.ts";
import { patchGroup, type GroupPatch } from "./patch-group.ts";
import { readPatch } from "./read-patch.ts";
import type { Change, ResourceType } from "./resource-type.ts";
import { problem, SCHEMA, type ScimProblem } from "./scim-answer.ts";

const NOT_FOUND = problem(404, "no group of this id");
const MOST_MEMBERS = 10_000;
const PAGE = 500;

const GroupBody = z.object({
  displayName: z.string().min(1).max(200),
  externalId: z.string().min(1).max(300).optional(),
  members: z
    .array(z.object({ value: z.string().max(100) }))
    .max(MOST_MEMBERS)
    .nullish(),
});

/** Groups of one identity provider, known by `externalId`, or by `displayName` where none is sent: as tokens name them. */
export function scimGroups(deps: ApplyDeps, idp: IdpRecord, base: string, withMembers: boolean): ResourceType {
  const { store, clock, newId } = deps;
  const { appId, id: idpId } = idp;

  async function find(id: string): Promise<GroupRecord | null> {
    const group = await store.findGroup(appId, id);
    return group?.idpId === idpId ? group : null;
  }

  async function membersOf(groupId: string): Promise<string[]> {
    const ids: string[] = [];
    for (let after = ""; ids.length < MOST_MEMBERS;) {
      const some = await store.listMembers(appId, groupId, after, PAGE);
      ids.push(...some.map(({ id }) => id));
      after = some.at(-1)?.id ?? "";
      if (some.length < PAGE) break;
    }
    return ids;
  }

  async function show(group: GroupRecord): Promise<Record<string, unknown>> {
    const members = withMembers ? await membersOf(group.id) : null;
    return {
      schemas: [SCHEMA.group],
      id: group.id,
      externalId: group.externalId,
      displayName: group.name,
      ...(members ? { members: members.map((value) => ({ value, $ref: `${base}/Users/${value}` })) } : {}),
      meta: { resourceType: "Group", created: toTimestamp(group.createdAt), location: `${base}/Groups/${group.id}` },
    };
  }

  /** Only users of the same identity provider, and all of them or none. */
  async function strangerAmong(ids: readonly string[]): Promise<ScimProblem | null> {
    for (const id of new Set(ids)) {
      const found = await store.findUser(appId, id);
      if (found?.user.idpId !== idpId || found.user.status === "deleted") {
        return problem(400, `there is no user ${id.slice(0, 100)} to be a member`, "invalidValue");
      }
    }
    return null;
  }

  async function apply(group: GroupRecord, { name, members, add, remove }: GroupPatch): Promise<GroupRecord> {
    const renamed = name === undefined ? group : await store.putGroup({ ...group, name });
    const set = (id: string, isMember: boolean): Promise<void> =>
      store.setMembership(appId, group.id, id, isMember, clock.now());
    const wanted = members && new Set(members);
    // Whoever goes, goes first.
    const before = wanted ? await membersOf(group.id) : [];
    for (const id of [...before.filter((one) => !wanted?.has(one)), ...remove]) await set(id, false);
    for (const id of [...(wanted ?? []), ...add]) await set(id, true);
    return renamed;
  }

  async function change(group: GroupRecord, patch: GroupPatch): Promise<Change> {
    const stranger = await strangerAmong([...(patch.members ?? []), ...patch.add]);
    if (stranger) return stranger;
    return { ok: true, run: async () => ({ ok: true, resource: await show(await apply(group, patch)) }) };
  }

  return {
    filterable: ["displayName", "externalId"],
    async find(id) {
      const group = await find(id);
      return group && show(group);
    },
    async filtered({ attribute, value }) {
      const group =
        attribute === "displayName"
          ? await store.findGroupByName(appId, idpId, value)
          : await store.findGroupByExternalId(appId, idpId, value);
      return group ? [await show(group)] : [];
    },
    async page(skip, limit) {
      return Promise.all((await store.listGroups(appId, { idpId, after: "", skip, limit })).map(show));
    },
    count: () => store.countGroups(appId, idpId),
    async create(body) {
      const read = readGroup(body);
      if (!read.ok) return read;
      const { displayName: name, externalId = name, members } = read.group;
      if (await store.findGroupByExternalId(appId, idpId, externalId)) {
        return problem(409, "there is such a group already", "uniqueness");
      }
      const add = members ?? [];
      const stranger = await strangerAmong(add);
      if (stranger) return stranger;
      const run = async () => {
        const group = await store.putGroup({ id: newId(), appId, idpId, externalId, name, createdAt: clock.now() });
        return { ok: true, resource: await show(await apply(group, { add, remove: [] })) } as const;
      };
      return { ok: true, run };
    },
    async replace(id, body) {
      const group = await find(id);
      if (!group) return NOT_FOUND;
      const read = readGroup(body);
      if (!read.ok) return read;
      const { displayName: name, externalId, members } = read.group;
      if (externalId !== undefined && externalId !== group.externalId) return FIXED;
      return change(group, { name, ...(members ? { members } : {}), add: [], remove: [] });
    },
    async patch(id, body) {
      const group = await find(id);
      if (!group) return NOT_FOUND;
      const read = readPatch(body);
      if (!read.ok) return read;
      const patched = patchGroup(read.operations);
      if (!patched.ok) return patched;
      if (patched.externalId !== undefined && patched.externalId !== group.externalId) return FIXED;
      return change(group, patched.patch);
    },
    async remove(id) {
      const group = await find(id);
      if (!group) return NOT_FOUND;
      const run = async () => {
        await removeGroup(deps, appId, id);
        return { ok: true, resource: null } as const;
      };
      return { ok: true, run };
    },
  };
}

const FIXED = problem(400, "externalId cannot be changed once it is known", "mutability");

function readGroup(
  body: unknown,
):
  | { readonly ok: true; readonly group: { displayName: string; externalId?: string; members?: readonly string[] } }
  | ScimProblem {
  const parsed = GroupBody.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(400, `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "is no group"}`, "invalidValue");
  }
  const { displayName, externalId, members } = parsed.data;
  if ([displayName, externalId ?? displayName].some((id) => idOf(id, 300) === null)) {
    return problem(400, "displayName or externalId holds characters that no id has", "invalidValue");
  }
  const group = {
    displayName,
    ...(externalId === undefined ? {} : { externalId }),
    ...(members ? { members: members.map(({ value }) => value) } : {}),
  };
  return { ok: true, group };
}
