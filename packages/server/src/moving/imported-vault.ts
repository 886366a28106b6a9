import { setTimeout as sleep } from "node:timers/promises";
import { MAX_CLOCK_SKEW_SECONDS } from "@alter-vault/protocol";
import type { Clock } from "../clock.ts";
import type { MovedValue } from "../store/moved-rows.ts";
import type { SettingStore } from "../store/store.ts";

/**
 * What a vault that began with an import has to be careful about: requests that were signed for the vault before it. That
 * one may have answered them after it was exported, so nobody here knows which were used. None of them is taken: whatever
 * was signed before the new vault first started, by a clock as far ahead as any may be, is too old. Programs are told the
 * time to sign for, as when their clock is off, and the SDK signs again with that.
 */
const IMPORTED = "imported";
const SIGNED_AFTER = "signed_after";

/** Whether a setting says where a vault came from. The next one comes from elsewhere, so these do not move. */
export function isBornOfImport(name: MovedValue | undefined): boolean {
  return name === IMPORTED || name === SIGNED_AFTER;
}

export async function markImported(
  store: SettingStore,
  from: { readonly id: string; readonly madeAt: number; readonly at: number },
): Promise<void> {
  await store.insertSetting(IMPORTED, Buffer.from(JSON.stringify(from)));
}

/**
 * At every start: the second up to which signatures are too old; 0 where nothing was imported. The first start takes a
 * second or two longer, until the vault itself would take a request that is signed for the second after.
 */
export async function signedAfter(store: SettingStore, clock: Clock): Promise<number> {
  if (!(await store.getSetting(IMPORTED))) return 0;
  const latest = Math.ceil(clock.now() / 1000) + MAX_CLOCK_SKEW_SECONDS;
  const kept = await store.insertSetting(SIGNED_AFTER, Buffer.from(String(latest)));
  // Of a first start with a clock that was far ahead, nobody is to suffer for ever.
  const after = Math.min(Number(Buffer.from(kept).toString()), latest);
  const waitMs = (after + 1 - MAX_CLOCK_SKEW_SECONDS) * 1000 - clock.now();
  if (waitMs > 0) await sleep(waitMs);
  return after;
}
