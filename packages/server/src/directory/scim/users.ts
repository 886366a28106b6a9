import { offboardUser } from "../../identity/offboard-user.ts";
import type { IdpRecord, SeenUser, UserWithGroups } from "../../store/identity-records.ts";
import type { ApplyDeps } from "../apply-event.ts";
import { patchUser } from "./patch-user.ts";
import { readPatch } from "./read-patch.ts";
import { problem, type ScimProblem } from "./scim-answer.ts";
import type { ScimFilter } from "./scim-filter.ts";
import { readUser, showUser, type ScimUser } from "./user-resource.ts";
import type { ResourceType, Change } from "./resource-type.ts";

const NOT_FOUND = problem(404, "no user of this id");
const TAKEN = problem(409, "the userName is another user's", "uniqueness");

/** Users of one identity provider. The vault knows them by `externalId`, or by `userName` where none is sent, for good. */
export function scimUsers(deps: ApplyDeps, idp: IdpRecord, base: string): ResourceType {
  const { store, clock, newId } = deps;
  const show = (found: UserWithGroups): Record<string, unknown> => showUser(found, base);

  async function find(id: string): Promise<UserWithGroups | null> {
    const found = await store.findUser(idp.appId, id);
    return found?.user.idpId === idp.id && found.user.status !== "deleted" ? found : null;
  }

  async function bySubject(subject: string): Promise<UserWithGroups | null> {
    return store.findUserBySubject(idp.appId, idp.id, subject);
  }

  async function write(subject: string, said: ScimUser): Promise<UserWithGroups | ScimProblem> {
    const { userName, email, name, active } = said;
    const now = clock.now();
    const seen: SeenUser = {
      newId: newId(),
      subject,
      ...(userName === undefined ? {} : { userName }),
      ...(email === undefined ? {} : { email }),
      ...(name === undefined ? {} : { name }),
      ...(active === undefined ? {} : { active }),
      source: "directory",
      at: now,
      saidAt: now,
    };
    return (await store.seeUser(idp.appId, idp.id, seen)) ?? TAKEN;
  }

  async function change(known: UserWithGroups, said: ScimUser): Promise<Change> {
    const { subject } = known.user;
    // Whoever they were known by stays who they are: a directory cannot make one user into another.
    if (said.externalId !== undefined && said.externalId !== subject) {
      return problem(400, "externalId cannot be changed once it is known", "mutability");
    }
    return { ok: true, about: known.user.id, run: async () => shown(await write(subject, said)) };
  }

  function shown(
    written: UserWithGroups | ScimProblem,
  ): { readonly ok: true; readonly resource: Record<string, unknown> } | ScimProblem {
    return "ok" in written ? written : { ok: true, resource: show(written) };
  }

  return {
    filterable: ["userName", "externalId"],
    async find(id) {
      const found = await find(id);
      return found && show(found);
    },
    async filtered({ attribute, value }: ScimFilter) {
      const found =
        attribute === "userName" ? await store.findUserByName(idp.appId, idp.id, value) : await bySubject(value);
      return found && found.user.status !== "deleted" ? [show(found)] : [];
    },
    async page(skip, limit) {
      const found = await store.listUsers(idp.appId, { idpId: idp.id, after: "", skip, limit, livingOnly: true });
      return found.map(show);
    },
    count: () => store.countUsers(idp.appId, idp.id),
    async create(body) {
      const read = readUser(body);
      if (!read.ok) return read;
      const subject = read.user.externalId ?? read.user.userName;
      const known = await bySubject(subject);
      if (known?.user.status === "deleted") return problem(409, "the user was deleted, for good", "uniqueness");
      // Somebody who came by a token first is taken over; somebody who was provisioned is there already.
      if (known && known.user.userName !== null) return problem(409, "there is such a user already", "uniqueness");
      const run = async () => shown(await write(subject, { active: true, ...read.user }));
      return { ok: true, about: known?.user.id, run };
    },
    async replace(id, body) {
      const known = await find(id);
      if (!known) return NOT_FOUND;
      const read = readUser(body);
      return read.ok ? change(known, read.user) : read;
    },
    async patch(id, body) {
      const known = await find(id);
      if (!known) return NOT_FOUND;
      const read = readPatch(body);
      if (!read.ok) return read;
      const patched = patchUser(read.operations);
      return patched.ok ? change(known, patched.user) : patched;
    },
    async remove(id) {
      const known = await find(id);
      if (!known) return NOT_FOUND;
      const run = async () => {
        await offboardUser(deps, idp.appId, id);
        return { ok: true, resource: null } as const;
      };
      return { ok: true, about: id, run };
    },
  };
}
