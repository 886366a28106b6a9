import { setTimeout as sleep } from "node:timers/promises";
import { MAX_CLOCK_SKEW_SECONDS } from "@alter-vault/protocol";
import { localOutcome } from "../audit/entry.ts";
import type { AuditLog } from "../audit/log.ts";
import { toTimestamp, type Clock } from "../clock.ts";
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

export interface ImportedFrom {
  /** Of the export. */
  readonly id: string;
  readonly madeAt: number;
  readonly at: number;
}

export async function markImported(store: SettingStore, from: ImportedFrom): Promise<void> {
  await store.insertSetting(IMPORTED, Buffer.from(JSON.stringify(from)));
}

export interface Origin {
  /** The second up to which signatures are too old; 0 where nothing was imported. */
  readonly signedAfter: number;
  /** At the first start after an import: where it came from, to be written down. */
  readonly news: ImportedFrom | null;
}

/**
 * To be asked at every start. The first one takes a second or two longer, until the vault itself would take a request that
 * is signed for the second after.
 */
export async function originOf(store: SettingStore, clock: Clock): Promise<Origin> {
  const imported = await store.getSetting(IMPORTED);
  if (!imported) return { signedAfter: 0, news: null };
  const isFirst = (await store.getSetting(SIGNED_AFTER)) === null;
  const latest = Math.ceil(clock.now() / 1000) + MAX_CLOCK_SKEW_SECONDS;
  const kept = await store.insertSetting(SIGNED_AFTER, Buffer.from(String(latest)));
  // Of a first start with a clock that was far ahead, nobody is to suffer for ever.
  const signedAfter = Math.min(Number(Buffer.from(kept).toString()), latest);
  const waitMs = (signedAfter + 1 - MAX_CLOCK_SKEW_SECONDS) * 1000 - clock.now();
  if (waitMs > 0) await sleep(waitMs);
  const news = isFirst ? (JSON.parse(Buffer.from(imported).toString()) as ImportedFrom) : null;
  return { signedAfter, news };
}

/** The first entry of the new vault's own chain says what came before it. */
export async function recordImport(log: AuditLog, { id, madeAt, at }: ImportedFrom): Promise<void> {
  const entryId = log.newId();
  const message = `export ${id} of ${toTimestamp(madeAt)}, imported ${toTimestamp(at)}`;
  await log.record(entryId, { kind: "admin", action: "import", decision: "allow", rule: "base", message }, null);
  log.outcome(entryId, null, localOutcome("done", null, 0));
}
