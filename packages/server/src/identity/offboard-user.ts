import type { Clock } from "../clock.ts";
import type { OAuth } from "../credential/oauth/oauth.ts";
import type { UserWithGroups } from "../store/identity-records.ts";
import type { Store } from "../store/store.ts";

interface OffboardDeps {
  readonly store: Store;
  readonly oauth: Pick<OAuth, "end">;
  readonly clock: Clock;
}

const BATCH = 50;

/**
 * Ends a user's access for good. First the user, so that the next call is refused whatever else is still to be done; then
 * every account they connected, here and at its provider, and what they let agents do. Null when there is no such user.
 */
export async function offboardUser(
  { store, oauth, clock }: OffboardDeps,
  appId: string,
  id: string,
): Promise<UserWithGroups | null> {
  const found = await store.setUserStatus(appId, id, "deleted");
  if (!found) return null;
  const now = clock.now();
  for (const { id: delegationId } of await store.listDelegations(appId, { userId: id })) {
    await store.revokeDelegation(appId, delegationId, now);
  }
  let after = "";
  for (;;) {
    const grants = await store.findOAuthGrants(appId, { principal: { type: "user", id } }, after, BATCH);
    const last = grants.at(-1);
    if (!last) return found;
    after = last.id;
    for (const grant of grants) await oauth.end(appId, grant.id, "deleted");
  }
}
