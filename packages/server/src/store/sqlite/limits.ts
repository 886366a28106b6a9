import type { LimitStore, Slot, TakeState } from "../limit-records.ts";
import { giveBackOnce, takeEndsAt, takeOnce, type Buckets } from "../take-window.ts";
import type { Database } from "./database.ts";
import type { SeenNonces } from "./seen-nonces.ts";

/**
 * Counters are on the disk. Calls on their way are only in memory: one process owns the file, and when it is gone, so are
 * they.
 */
export function limitStore(db: Database, nonces: Pick<SeenNonces, "has">): LimitStore {
  const save = db.logWriter(
    `INSERT INTO policy_takes VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (app_id, rule_id, key) DO UPDATE SET buckets = excluded.buckets, ends_at = excluded.ends_at`,
  );
  const bucketsOf = (appId: string, ruleId: string, key: string): Buckets => {
    const row = db.get<{ buckets: string }>(
      "SELECT buckets FROM policy_takes WHERE app_id = ? AND rule_id = ? AND key = ?",
      appId,
      ruleId,
      key,
    );
    return row ? (JSON.parse(row.buckets) as Buckets) : {};
  };
  const running = createRunningCalls();

  return {
    async takeLimits(appId, { callId, takes, slots, nonce }, now) {
      if (nonce && nonces.has(nonce)) return { ok: false, why: "replayed" };
      const busy = slots.find((slot) => running.count(appId, slot) >= slot.calls);
      if (busy) return { ok: false, why: "busy", busy };
      const taken = takes.map((take) => takeOnce(take, bucketsOf(appId, take.ruleId, take.key), now));
      const states: TakeState[] = [];
      for (const one of taken) {
        if (!one.ok) return { ok: false, why: "full", full: one.state };
        states.push(one.state);
      }
      if (takes.length > 0) {
        db.transaction(() => {
          for (const [at, take] of takes.entries()) {
            const one = taken[at];
            if (one?.ok) save(appId, take.ruleId, take.key, JSON.stringify(one.buckets), takeEndsAt(take, now));
          }
        });
      }
      for (const slot of slots) running.enter(appId, slot, callId);
      return { ok: true, states };
    },
    async giveBackLimits(appId, { callId, takes, slots }, takenAt) {
      for (const slot of slots) running.leave(appId, slot, callId);
      if (takes.length === 0) return;
      db.transaction(() => {
        for (const take of takes) {
          const buckets = giveBackOnce(take, bucketsOf(appId, take.ruleId, take.key), takenAt);
          save(appId, take.ruleId, take.key, JSON.stringify(buckets), takeEndsAt(take, takenAt));
        }
      });
    },
    async leaveSlots(appId, { callId, slots }) {
      for (const slot of slots) running.leave(appId, slot, callId);
    },
    async keepSlots(_holder, callIds) {
      running.keep(new Set(callIds));
    },
    async forgetTakes(endedBefore, limit) {
      return db.run(
        `DELETE FROM policy_takes WHERE (app_id, rule_id, key) IN
           (SELECT app_id, rule_id, key FROM policy_takes WHERE ends_at < ? LIMIT ?)`,
        endedBefore,
        limit,
      );
    },
  };
}

interface RunningCalls {
  count(appId: string, slot: Slot): number;
  enter(appId: string, slot: Slot, callId: string): void;
  leave(appId: string, slot: Slot, callId: string): void;
  keep(callIds: ReadonlySet<string>): void;
}

/** Ids of calls, by whom they count for. */
function createRunningCalls(): RunningCalls {
  const calls = new Map<string, Set<string>>();
  const nameOf = (appId: string, { ruleId, key }: Slot): string => `${appId} ${ruleId} ${key}`;
  const drop = (name: string, callId: string): void => {
    const open = calls.get(name);
    open?.delete(callId);
    if (open?.size === 0) calls.delete(name);
  };
  return {
    count: (appId, slot) => calls.get(nameOf(appId, slot))?.size ?? 0,
    enter(appId, slot, callId) {
      const name = nameOf(appId, slot);
      const open = calls.get(name);
      if (open) open.add(callId);
      else calls.set(name, new Set([callId]));
    },
    leave: (appId, slot, callId) => drop(nameOf(appId, slot), callId),
    keep(callIds) {
      for (const [name, open] of calls) for (const callId of open) if (!callIds.has(callId)) drop(name, callId);
    },
  };
}
