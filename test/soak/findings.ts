import { createLogger, loadConfig, systemSurroundings } from "@alter-vault/server";
import { checkpointPublicKey } from "../../packages/server/src/audit/checkpoints.ts";
import { verifyLog } from "../../packages/server/src/audit/verify.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import type { Ledger } from "./load.ts";
import type { World } from "./world.ts";

/** What should all be zero. */
export interface Findings {
  /** Acknowledged and not there: entries of answered calls, and secrets that were said to be stored. */
  readonly lost_writes: number;
  /** Refresh tokens that were used twice, though their successors were in use. */
  readonly double_refreshes: number;
  /** Calls that reached the provider more than once. Harmless ones, which are tried again, are not counted. */
  readonly double_effects: number;
  /** Calls that reached a provider and are not in the log. */
  readonly unaudited_calls: number;
  readonly dead_grants: number;
  readonly chain_problems: number;
  readonly non_retryable_errors: number;
}

/** Holds what the callers were told against what the providers saw and what is stored. Everything has stopped by then. */
export async function findOut(
  world: World,
  ledger: Ledger,
): Promise<Findings & { log_rows: number; log_bytes_per_row: number; chains: number }> {
  const logged = await loggedCalls(world);
  const seen = seenCalls(world);
  const lostCalls = [...ledger.answered].filter((id) => !logged.has(id)).length;
  const grants = await world.storage.query<{ id: string }>("", "SELECT id FROM grants");
  const known = new Set(grants.map(({ id }) => id));
  const lostSecrets = [...ledger.stored].filter((id) => !known.has(id)).length;
  const families = ["airtable", "atlassian", "linear"].flatMap((name) => world.accounts.fake.at(name).book.families);
  const verified = await verifyChains(world);
  return {
    lost_writes: lostCalls + lostSecrets,
    double_refreshes: families.reduce((sum, { reuses }) => sum + reuses, 0),
    double_effects: [...effectsOf(world).values()].filter((count) => count > 1).length,
    unaudited_calls: [...seen].filter((id) => !logged.has(id)).length,
    dead_grants: families.filter(({ alive }) => !alive).length,
    chain_problems: verified.problems.length,
    non_retryable_errors: ledger.fatal.length,
    log_rows: verified.rows,
    log_bytes_per_row: Math.round((await logBytes(world)) / verified.rows),
    chains: verified.chains,
  };
}

/** With all indexes, and with the index that a search goes by. */
async function logBytes({ storage }: World): Promise<number> {
  const [row] = await storage.query<{ bytes: string }>(
    "",
    `SELECT sum(pg_total_relation_size(name)) AS bytes FROM (
       SELECT inhrelid AS name FROM pg_inherits WHERE inhparent = 'log'::regclass UNION ALL SELECT 'log_refs'::regclass
     ) AS tables`,
  );
  return Number(row?.bytes ?? 0);
}

const CALL = /\/call-([0-9a-f-]{36})/;

async function loggedCalls({ storage }: World): Promise<Set<string>> {
  const rows = await storage.query<{ id: string }>(
    "",
    "SELECT substring(body from '/call-([0-9a-f-]{36})') AS id FROM log WHERE kind = 'entry' AND body LIKE '%/call-%'",
  );
  return new Set(rows.map(({ id }) => id));
}

function seenCalls({ effects, accounts }: World): Set<string> {
  const paths = [...effects.calls.map(({ url }) => url), ...accounts.fake.apiCalls.map(({ path }) => path)];
  return new Set(paths.flatMap((path) => CALL.exec(path)?.[1] ?? []));
}

function effectsOf({ effects }: World): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { method, url } of effects.calls) {
    if (method === "POST") counts.set(url, (counts.get(url) ?? 0) + 1);
  }
  return counts;
}

async function verifyChains({ postgres }: World): ReturnType<typeof verifyLog> {
  const config = loadConfig("serve", { ALTER_VAULT_DATABASE_URL: postgres.url }, {});
  const { clock } = systemSurroundings(createLogger("silent"));
  const store = await openStore(config, () => clock.monotonic());
  try {
    return await verifyLog({ store, publicKey: await checkpointPublicKey(store), kept: [] });
  } finally {
    await store.close();
  }
}
