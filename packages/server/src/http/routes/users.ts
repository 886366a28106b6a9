import type { Group, Identity, User } from "@alter-vault/protocol";
import type { Failure, Plan } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import type { Asker } from "../../identity/asker.ts";
import { eraseUser } from "../../identity/erase-user.ts";
import { exportUser } from "../../identity/export-user.ts";
import { offboardUser } from "../../identity/offboard-user.ts";
import { createSession, isWithin } from "../../identity/vault-session.ts";
import type { GroupRecord, UserRecord, UserWithGroups, VaultSessionRecord } from "../../store/identity-records.ts";
import { jsonLines, reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids =
  | "listUsers"
  | "getUser"
  | "suspendUser"
  | "resumeUser"
  | "deleteUser"
  | "exportUser"
  | "eraseUser"
  | "listGroups"
  | "resolveIdentity"
  | "createVaultSession"
  | "revokeVaultSession";

const NO_SESSION = { ok: false, code: "session_invalid", detail: "no session of this id" } as const;
const NO_USER = { ok: false, code: "user_not_found", detail: "no user of this id" } as const;

/** Somebody else's word stands against it. */
function notBack({ status }: UserRecord): Failure {
  const isGone = status === "deleted" || status === "erased";
  const why = isGone ? `the user was ${status}, for good` : "the identity provider suspended the user";
  return { ok: false, code: "user_inactive", detail: why };
}

const showGroups = (groups: readonly GroupRecord[]): User["groups"] =>
  groups.map(({ id, externalId, name }) => ({ group_id: id, external_group_id: externalId, name }));

function show({ user, groups }: UserWithGroups): User {
  return {
    user_id: user.id,
    app_id: user.appId,
    idp_id: user.idpId,
    external_subject_id: user.subject,
    email: user.email,
    name: user.name,
    status: user.status,
    groups: showGroups(groups),
    created_at: toTimestamp(user.createdAt),
    last_seen_at: user.lastSeenAt === null ? null : toTimestamp(user.lastSeenAt),
  };
}

/** End users as the vault knows them, and the sessions that stand in for them. */
export function userRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, clock } = deps;
  const setStatus = (appId: string, id: string, status: "active" | "suspended"): Plan => ({
    ok: true,
    facts: { user_id: id },
    run: async () => {
      const found = await store.setUserStatus(appId, id, status);
      if (!found) return NO_USER;
      return found.user.status === status ? { ok: true, body: show(found) } : notBack(found.user);
    },
  });
  const showGroup = async (group: GroupRecord): Promise<Group> => ({
    group_id: group.id,
    app_id: group.appId,
    idp_id: group.idpId,
    external_group_id: group.externalId,
    name: group.name,
    members: await store.countMembers(group.appId, group.id),
    created_at: toTimestamp(group.createdAt),
  });

  /** The app ends any, a user theirs, a session itself and its children. */
  const mayEnd = async ({ user, session }: Asker, known: VaultSessionRecord): Promise<boolean> => {
    if (session) return isWithin(store, known, session.id);
    return user === null || user.id === known.userId;
  };

  return {
    listUsers: ({ caller, query }) =>
      reads(async () => {
        const page = { idpId: query.idp_id ?? null, after: query.cursor ?? "", limit: query.limit + 1 };
        const found = await store.listUsers(caller.appId, page);
        return {
          users: found.slice(0, query.limit).map(show),
          ...more(
            found.map(({ user }) => user),
            query.limit,
          ),
        };
      }),
    getUser: ({ caller, id }) =>
      reads(async () => {
        const found = await store.findUser(caller.appId, id);
        return found ? show(found) : NO_USER;
      }),
    suspendUser: ({ caller, id }) => setStatus(caller.appId, id, "suspended"),
    resumeUser: ({ caller, id }) => setStatus(caller.appId, id, "active"),
    deleteUser: ({ caller, id }) => ({
      ok: true,
      facts: { user_id: id },
      run: async () => {
        const found = await offboardUser(deps, caller.appId, id);
        return found ? { ok: true, body: show(found) } : NO_USER;
      },
    }),
    exportUser: ({ caller, id }) => ({
      ok: true,
      facts: { user_id: id },
      run: async () => {
        const found = await store.findUser(caller.appId, id);
        return found ? { ok: true, body: null, lines: jsonLines(exportUser(deps, show(found))) } : NO_USER;
      },
    }),
    eraseUser: ({ caller, id, body }) => ({
      ok: true,
      facts: { user_id: id },
      run: async () => {
        const erased = await eraseUser(deps, caller.appId, id, body.dry_run === true);
        if (!erased) return NO_USER;
        return "ok" in erased ? erased : { ok: true, body: erased };
      },
    }),
    listGroups: ({ caller, query }) =>
      reads(async () => {
        const page = { idpId: query.idp_id ?? null, after: query.cursor ?? "", limit: query.limit + 1 };
        const found = await store.listGroups(caller.appId, page);
        const groups = await Promise.all(found.slice(0, query.limit).map(showGroup));
        return { groups, ...more(found, query.limit) };
      }),

    resolveIdentity: ({ caller: { appId, asker } }) =>
      reads(async (): Promise<Identity> => {
        const { user } = asker;
        return {
          app_id: appId,
          user_id: user?.id ?? null,
          idp_id: user?.idpId ?? null,
          external_subject_id: user?.subject ?? null,
          email: user?.email ?? null,
          name: user?.name ?? null,
          user_status: user ? "active" : null,
          groups: showGroups(user?.groups ?? []),
          agent_id: asker.agent?.id ?? null,
          session_id: asker.session?.id ?? null,
        };
      }),
    createVaultSession: ({ caller, body }) => ({
      ok: true,
      ...(body.agent_id === undefined ? {} : { facts: { agent_id: body.agent_id } }),
      run: async () => {
        const made = await createSession({ ...deps, now: () => clock.now() }, caller.asker, body);
        return made.ok ? { ok: true, body: made.session } : made;
      },
    }),
    revokeVaultSession: ({ caller, id }) => ({
      ok: true,
      run: async () => {
        const known = await store.findVaultSessionById(caller.appId, id);
        if (!known || !(await mayEnd(caller.asker, known))) return NO_SESSION;
        const session = await store.revokeVaultSession(caller.appId, id, clock.now());
        if (!session?.revokedAt) return NO_SESSION;
        return { ok: true, body: { session_id: id, revoked_at: toTimestamp(session.revokedAt) } };
      },
    }),
  };
}

/** One more than a page was read: whether there is more. */
function more(
  records: readonly { readonly id: string }[],
  limit: number,
): { has_more: boolean; next_cursor: string | null } {
  const has_more = records.length > limit;
  return { has_more, next_cursor: has_more ? (records[limit - 1]?.id ?? null) : null };
}
