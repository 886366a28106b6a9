import type { Clock } from "../clock.ts";
import type { Ended } from "../credential/oauth/end-grant.ts";
import type { OAuth } from "../credential/oauth/oauth.ts";
import type { UserWithGroups } from "../store/identity-records.ts";
import type { Store } from "../store/store.ts";

export interface OffboardDeps {
  readonly store: Store;
  readonly oauth: Pick<OAuth, "end">;
  readonly clock: Clock;
  /** Told of each account that was ended. */
  readonly onEnded?: ((ended: Ended) => void) | undefined;
}

const BATCH = 50;
const AT_ONCE = 8;

/**
 * Ends a user's access for good. First the user, so that the next call is refused whatever else is still to be done; then
 * what they let agents do, what was issued to them, and every account they connected, here and at its provider. Asking
 * again finishes what a crash cut short. Null when there is no such user.
 */
export async function offboardUser(
  { store, oauth, clock, onEnded }: OffboardDeps,
  appId: string,
  id: string,
): Promise<UserWithGroups | null> {
  const found = await store.setUserStatus(appId, id, "deleted");
  if (!found) return null;
  const principal = { type: "user", id } as const;
  await store.revokeDelegationsOfUser(appId, id, clock.now());
  await store.deleteGrantsOf(appId, principal, clock.now());
  let after = "";
  for (;;) {
    const grants = await store.findOAuthGrants(appId, { principal }, after, BATCH);
    const last = grants.at(-1);
    if (!last) return found;
    after = last.id;
    for (let from = 0; from < grants.length; from += AT_ONCE) {
      const batch = grants.slice(from, from + AT_ONCE);
      const ended = await Promise.all(batch.map((grant) => oauth.end(appId, grant.id, "deleted")));
      for (const one of ended) if (one) onEnded?.(one);
    }
  }
}

/**
 * Ends everybody of an identity provider, and then the provider itself. It is disabled first, which shuts all of them out
 * at once. False when there is none, or somebody changed it in the same moment.
 */
export async function removeIdp(deps: OffboardDeps, appId: string, id: string): Promise<boolean> {
  const { store, clock } = deps;
  const idp = await store.findIdp(appId, id);
  if (!idp) return false;
  const updatedAt = Math.max(clock.now(), idp.updatedAt + 1);
  if (!(await store.updateIdp({ ...idp, status: "disabled", updatedAt }, idp.updatedAt))) return false;
  let after = "";
  for (;;) {
    const users = await store.listUsers(appId, { idpId: id, after, limit: BATCH });
    const last = users.at(-1);
    if (!last) break;
    after = last.user.id;
    for (const { user } of users) await offboardUser(deps, appId, user.id);
  }
  return (await store.deleteIdp(appId, id)) !== null;
}
