import type { UserErased } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { offboardUser, type OffboardDeps } from "./offboard-user.ts";

interface EraseDeps extends OffboardDeps {
  readonly keyring: Pick<Keyring, "forgetUser">;
}

/**
 * Erases a user: ends their access and what they connected, here and at the providers, then deletes all that is kept of
 * them and destroys the keys it was sealed with, so that no copy of it can be opened with what is left here. Their id
 * stays, as that of somebody who was erased: entries of the log go on naming it, and nothing leads from it to a person.
 *
 * What the log says of a user goes with the keys, so there is no erasing while a hold on the user keeps it: `user_held`.
 * Doing it again finishes what a crash cut short. Null when there is no such user.
 */
export async function eraseUser(
  { keyring, ...deps }: EraseDeps,
  appId: string,
  userId: string,
  isDryRun: boolean,
): Promise<UserErased | Failure | null> {
  const { store } = deps;
  const found = await store.findUser(appId, userId);
  if (!found) return null;
  const held = await heldBy(store, appId, userId);
  if (held) return held;
  const kept = await store.countUserHoldings(appId, userId);
  if (isDryRun) return { user_id: userId, dry_run: true, erased: kept, revoked_at_provider: 0, not_revoked: [] };

  let revoked = 0;
  const notRevoked: UserErased["not_revoked"] = [];
  await offboardUser(
    {
      ...deps,
      onEnded({ grant, revocation: { result, detail, manualUrl } }) {
        if (result === "done") revoked++;
        else notRevoked.push({ grant_id: grant.id, provider_id: grant.provider, detail, manual_url: manualUrl });
      },
    },
    appId,
    userId,
  );
  // Providers may have taken their time.
  const heldSince = await heldBy(store, appId, userId);
  if (heldSince) return heldSince;
  const erased = await store.eraseUser(appId, userId);
  keyring.forgetUser(appId, userId);
  // Ending access has deleted some of it already.
  const counts = { ...kept, ...(erased && mostOf(kept, erased)) };
  return { user_id: userId, dry_run: false, erased: counts, revoked_at_provider: revoked, not_revoked: notRevoked };
}

async function heldBy(store: OffboardDeps["store"], appId: string, userId: string): Promise<Failure | null> {
  const holds = await store.listHolds(appId);
  const hold = holds.find((one) => one.userId === userId && one.releasedAt === null);
  return hold
    ? { ok: false, code: "user_held", detail: `the hold ${hold.id} keeps what the log says of the user` }
    : null;
}

type Counts = UserErased["erased"];

function mostOf(one: Counts, other: Counts): Counts {
  const most = { ...one };
  for (const name of Object.keys(most) as (keyof Counts)[]) most[name] = Math.max(one[name], other[name]);
  return most;
}
