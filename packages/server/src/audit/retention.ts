import type { Clock } from "../clock.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { LogStore } from "../store/log-records.ts";
import type { SettingStore } from "../store/store.ts";
import { startSigner } from "./chain-start.ts";
import { openSigningKey } from "./checkpoints.ts";
import { localOutcome } from "./entry.ts";
import type { AuditLog } from "./log.ts";

/**
 * An end to keeping the log. Now and then what is older than the operator wants is removed, from the oldest row on, a few
 * rows at a time or a whole piece at once, so that no call waits for it. What a hold keeps stays, with all that came after
 * it. What is left verifies from the signed last row that was removed, and that something was removed is an entry itself.
 */
export interface RetentionKeeper {
  /** Removes all that may go now. One at a time: while one is under way, another does nothing. Returns how many rows. */
  keep(): Promise<number>;
}

interface RetentionDeps {
  readonly store: LogStore & SettingStore;
  readonly keyring: Keyring;
  readonly log: Pick<AuditLog, "record" | "outcome" | "newId">;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
}

const DAY_MS = 86_400_000;
const ROWS_AT_ONCE = 200;
/** So that calls come first. */
const PAUSE_MS = 25;
const INDEX_AT_ONCE = 500;

export function createRetentionKeeper({ store, keyring, log, clock, sleep }: RetentionDeps): RetentionKeeper {
  let isUnderWay = false;

  async function prune(days: number): Promise<number> {
    const before = clock.now() - days * DAY_MS;
    const sign = startSigner(await openSigningKey(store, keyring));
    // Holds on users are looked up by the index.
    while ((await store.indexLog(INDEX_AT_ONCE)) > 0) await sleep(PAUSE_MS);
    let rows = 0;
    for (;;) {
      const pruned = await store.pruneLog({ before, now: clock.now(), limit: ROWS_AT_ONCE, sign });
      rows += pruned.rows;
      if (!pruned.hasMore) break;
      await sleep(PAUSE_MS);
    }
    if (rows > 0) await writeDown(rows, before);
    return rows;
  }

  async function writeDown(rows: number, before: number): Promise<void> {
    const id = log.newId();
    const context = { rows: String(rows), before: new Date(before).toISOString() };
    const entry = { kind: "admin", action: "audit.retention", context, decision: "allow", rule: "retention" } as const;
    if ((await log.record(id, entry, null)) === "recorded") log.outcome(id, null, localOutcome("done", null, 0));
  }

  return {
    async keep() {
      if (isUnderWay) return 0;
      isUnderWay = true;
      try {
        const retention = await store.getRetention();
        return retention ? await prune(retention.days) : 0;
      } finally {
        isUnderWay = false;
      }
    },
  };
}
