import type { LimitStore, Slot, Taken, TakeState, Wanted } from "../limit-records.ts";
import type { Nonce } from "../log-records.ts";
import { giveBackOnce, takeEndsAt, takeOnce, type Buckets } from "../take-window.ts";
import { GONE_AFTER } from "./chains.ts";
import type { Database, Queries } from "./database.ts";
import { NONCE_USED } from "./nonces.ts";

/**
 * Counters and running calls of all replicas. Whoever counts takes the turn of what is counted, looks, and writes, in one
 * transaction. A running call is a row that says which process makes it, and counts as long as something is heard of
 * that process: it writes its chain, or touches it every few seconds.
 */
export function limitStore(db: Database): LimitStore {
  return {
    takeLimits: (appId, wanted, now) =>
      db.transaction(async (queries): Promise<Taken> => {
        if (await takeTurns(queries, appId, wanted)) return { ok: false, why: "replayed" };
        const { buckets, running } = await look(queries, appId, wanted);
        const busy = wanted.slots.find((slot) => (running.get(nameOf(slot)) ?? 0) >= slot.calls);
        if (busy) return { ok: false, why: "busy", busy };
        const states: TakeState[] = [];
        const counted = new Map<string, Buckets>();
        for (const take of wanted.takes) {
          const taken = takeOnce(take, buckets.get(nameOf(take)) ?? {}, now);
          if (!taken.ok) return { ok: false, why: "full", full: taken.state };
          states.push(taken.state);
          counted.set(nameOf(take), taken.buckets);
        }
        await save(queries, appId, wanted, counted, now);
        await enter(queries, appId, wanted);
        return { ok: true, states };
      }),
    async giveBackLimits(appId, wanted, takenAt) {
      await db.transaction(async (queries) => {
        await takeTurns(queries, appId, { ...wanted, nonce: null });
        const { buckets } = await look(queries, appId, wanted);
        const counted = wanted.takes.map(
          (take) => [nameOf(take), giveBackOnce(take, buckets.get(nameOf(take)) ?? {}, takenAt)] as const,
        );
        await save(queries, appId, wanted, new Map(counted), takenAt);
        await leave(queries, appId, wanted);
      });
    },
    leaveSlots: (appId, call) => leave(db, appId, call),
    async keepSlots(holder, callIds) {
      await db.run("DELETE FROM policy_slots WHERE holder = $1 AND call_id <> ALL ($2::text[])", holder, callIds);
    },
    async forgetTakes(endedBefore, limit) {
      // Those of a process that may only be slow are left alone, although they do not count.
      await db.run(
        `DELETE FROM policy_slots WHERE holder NOT IN
           (SELECT writer FROM chains WHERE open AND seen_at > now() - interval '1 hour')`,
      );
      return db.run(
        `DELETE FROM policy_takes WHERE (app_id, rule_id, key) IN
           (SELECT app_id, rule_id, key FROM policy_takes WHERE ends_at < $1 LIMIT $2
            FOR UPDATE SKIP LOCKED)`,
        endedBefore,
        limit,
      );
    },
  };
}

interface Counted {
  readonly ruleId: string;
  readonly key: string;
}

const nameOf = ({ ruleId, key }: Counted): string => `${ruleId} ${key}`;
const rulesOf = (counted: readonly Counted[]): string[] => counted.map(({ ruleId }) => ruleId);
const keysOf = (counted: readonly Counted[]): string[] => counted.map(({ key }) => key);
const NO_NONCE: Nonce = { created: 0, keyId: "", nonce: "" };

/**
 * True when the nonce was used before: then there is no turn to wait for. One turn after the other, in one order, so that
 * two calls that count for the same limits never wait for each other.
 */
async function takeTurns(queries: Queries, appId: string, { takes, slots, nonce }: Wanted): Promise<boolean> {
  const { created, keyId, nonce: once } = nonce ?? NO_NONCE;
  const row = await queries.get<{ used: boolean }>(
    `WITH nonce AS MATERIALIZED (SELECT ${NONCE_USED} AS used)
     SELECT used, CASE WHEN NOT used THEN
       (SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtext(name), hashtext($4)) FROM unnest($5::text[]) AS t (name)) AS turns)
     END FROM nonce`,
    created,
    keyId,
    once,
    appId,
    [...new Set([...takes, ...slots].map(nameOf))].toSorted(),
  );
  return row?.used ?? false;
}

/** A statement of its own: it must see what others wrote while this one waited for its turn. */
async function look(
  queries: Queries,
  appId: string,
  { takes, slots }: Wanted,
): Promise<{ buckets: ReadonlyMap<string, Buckets>; running: ReadonlyMap<string, number> }> {
  const rows = await queries.all<Counted & { buckets: string | null; running: number }>(
    `SELECT rule_id AS "ruleId", key, buckets, 0 AS running FROM policy_takes
       WHERE app_id = $1 AND (rule_id, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
     UNION ALL
     SELECT rule_id, key, NULL, count(*) FROM policy_slots
       WHERE app_id = $1 AND (rule_id, key) IN (SELECT * FROM unnest($4::text[], $5::text[]))
         AND holder IN (SELECT writer FROM chains WHERE open AND seen_at > now() - ${GONE_AFTER})
       GROUP BY rule_id, key`,
    appId,
    rulesOf(takes),
    keysOf(takes),
    rulesOf(slots),
    keysOf(slots),
  );
  const buckets = new Map<string, Buckets>();
  const running = new Map<string, number>();
  for (const row of rows) {
    if (row.buckets === null) running.set(nameOf(row), row.running);
    else buckets.set(nameOf(row), JSON.parse(row.buckets) as Buckets);
  }
  return { buckets, running };
}

async function save(
  queries: Queries,
  appId: string,
  { takes }: Wanted,
  counted: ReadonlyMap<string, Buckets>,
  now: number,
): Promise<void> {
  if (takes.length === 0) return;
  await queries.run(
    `INSERT INTO policy_takes SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
     ON CONFLICT (app_id, rule_id, key) DO UPDATE SET buckets = excluded.buckets, ends_at = excluded.ends_at`,
    appId,
    rulesOf(takes),
    keysOf(takes),
    takes.map((take) => JSON.stringify(counted.get(nameOf(take)) ?? {})),
    takes.map((take) => takeEndsAt(take, now)),
  );
}

async function enter(queries: Queries, appId: string, { slots, callId, holder }: Wanted): Promise<void> {
  if (slots.length === 0) return;
  await queries.run(
    `INSERT INTO policy_slots (app_id, call_id, holder, rule_id, key)
       SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[]) ON CONFLICT DO NOTHING`,
    appId,
    callId,
    holder,
    rulesOf(slots),
    keysOf(slots),
  );
}

async function leave(
  queries: Queries,
  appId: string,
  { slots, callId }: { readonly slots: readonly Slot[]; readonly callId: string },
): Promise<void> {
  if (slots.length === 0) return;
  await queries.run(
    `DELETE FROM policy_slots WHERE app_id = $1 AND call_id = $2
       AND (rule_id, key) IN (SELECT * FROM unnest($3::text[], $4::text[]))`,
    appId,
    callId,
    rulesOf(slots),
    keysOf(slots),
  );
}
