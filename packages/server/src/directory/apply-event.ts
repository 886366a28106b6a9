import type { Clock } from "../clock.ts";
import type { OAuth } from "../credential/oauth/oauth.ts";
import { offboardUser } from "../identity/offboard-user.ts";
import type { NewId } from "../random.ts";
import type { IdpRecord, UserWithGroups } from "../store/identity-records.ts";
import type { Store } from "../store/store.ts";
import type { DirectoryEvent, NoticedUser } from "./webhook/notice.ts";

export interface ApplyDeps {
  readonly store: Store;
  readonly oauth: Pick<OAuth, "end">;
  readonly clock: Clock;
  readonly newId: NewId;
}

/** Does what a directory tells of. Doing it twice is doing it once. */
export async function applyEvent(
  deps: ApplyDeps,
  idp: IdpRecord,
  event: DirectoryEvent,
  saidAt: number,
): Promise<void> {
  const { store, clock, newId } = deps;
  const { appId, id: idpId } = idp;
  const at = Math.min(saidAt, clock.now());
  switch (event.type) {
    case "user.seen":
      await see(deps, idp, event.user, at);
      return;
    case "user.deleted": {
      // Also whoever was never here: a token of theirs that is still good must make nobody.
      const { user } = await find(deps, idp, event.subject, at);
      await offboardUser(deps, appId, user.id);
      return;
    }
    case "membership.added": {
      const { externalId, name = externalId } = event.group;
      const known = await store.findGroupByExternalId(appId, idpId, externalId);
      const group =
        known ?? (await store.putGroup({ id: newId(), appId, idpId, externalId, name, createdAt: clock.now() }));
      const { user } = await find(deps, idp, event.subject, at);
      if (user.status !== "deleted") await store.setMembership(appId, group.id, user.id, true, at);
      return;
    }
    case "membership.deleted": {
      const { externalId, name = externalId } = event.group;
      const known = await store.findGroupByExternalId(appId, idpId, externalId);
      // An older token may still name it, so that it is left by whoever was never seen in it, too.
      const group =
        known ?? (await store.putGroup({ id: newId(), appId, idpId, externalId, name, createdAt: clock.now() }));
      const { user } = await find(deps, idp, event.subject, at);
      await store.setMembership(appId, group.id, user.id, false, at);
      return;
    }
    case "group.deleted": {
      const group = await store.findGroupByExternalId(appId, idpId, event.externalId);
      if (group) await removeGroup(deps, appId, group.id);
      return;
    }
  }
}

/** Together with what was issued to it. A group of the same name that comes later is another one. */
export async function removeGroup(
  { store, clock }: Pick<ApplyDeps, "store" | "clock">,
  appId: string,
  id: string,
): Promise<void> {
  await store.deleteGrantsOf(appId, { type: "group", id }, clock.now());
  await store.deleteGroup(appId, id);
}

async function find(deps: ApplyDeps, idp: IdpRecord, subject: string, saidAt: number): Promise<UserWithGroups> {
  const known = await deps.store.findUserBySubject(idp.appId, idp.id, subject);
  return known ?? see(deps, idp, { subject }, saidAt);
}

async function see(
  { store, clock, newId }: ApplyDeps,
  idp: IdpRecord,
  user: NoticedUser,
  saidAt: number,
): Promise<UserWithGroups> {
  const { subject, email, name, active } = user;
  const seen = await store.seeUser(idp.appId, idp.id, {
    newId: newId(),
    subject,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(active === undefined ? {} : { active }),
    source: "directory",
    at: clock.now(),
    saidAt,
  });
  if (!seen) throw new Error("a user without a user name takes nobody's");
  return seen;
}
