import { argv, exit, stderr, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { findOut } from "./findings.ts";
import { runLoad } from "./load.ts";
import { HELP, readOptions, type SoakOptions } from "./options.ts";
import { makeTrouble } from "./trouble.ts";
import { startWorld } from "./world.ts";

/** `npm run soak`: see the help. Ends with 1 when anything is found that should not be. */
const options = readOptions(argv.slice(2));
if (!options) {
  stdout.write(HELP);
  exit(0);
}
exit(await soak(options));

async function soak({ seconds, replicas, clients, json }: SoakOptions): Promise<number> {
  stderr.write(`${replicas} replicas on one PostgreSQL, ${clients} callers, ${seconds} seconds\n`);
  const world = await startWorld(replicas);
  try {
    const over = new AbortController();
    const load = runLoad(world, clients, over.signal);
    const trouble = makeTrouble(world, seconds, over.signal);
    await sleep(seconds * 1_000);
    over.abort();
    const [ledger, made] = await Promise.all([load, trouble]);
    await Promise.all(world.replicas.map((replica) => replica.stop()));
    const { log_rows, log_bytes_per_row, chains, ...findings } = await findOut(world, ledger);
    const figures = {
      calls: ledger.calls,
      answered: ledger.answered.size,
      retries: ledger.retries,
      unknown_outcomes: ledger.unknown,
      secrets_stored: ledger.stored.size,
      ...findings,
      ...made,
      refreshes: refreshesOf(world),
      log_rows,
      log_bytes_per_row,
      chains,
      calls_per_second: Math.round(ledger.answered.size / seconds),
      p50_ms: percentile(ledger.latencies, 0.5),
      p99_ms: percentile(ledger.latencies, 0.99),
      seconds,
      replicas,
    };
    for (const [name, value] of Object.entries(figures)) stderr.write(`${name.padEnd(24)} ${value}\n`);
    for (const line of ledger.fatal.slice(0, 10)) stderr.write(`  ${line}\n`);
    if (json) stdout.write(`${JSON.stringify(figures)}\n`);
    return Object.values(findings).every((count) => count === 0) ? 0 : 1;
  } finally {
    await world.stop();
  }
}

function refreshesOf({ accounts }: Awaited<ReturnType<typeof startWorld>>): number {
  return accounts.fake.requests.filter(({ endpoint, status }) => endpoint === "refresh" && status === 200).length;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
}
