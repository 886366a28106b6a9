import { availableParallelism } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../../harness/postgres.ts";
import { startGenerator } from "../load/generator.ts";
import { measureWindow, type Bench, type Window } from "../measure.ts";
import type { Options } from "../options.ts";
import { makeWorkDir } from "../processes/work-dir.ts";
import { median } from "../statistics.ts";
import { startUpstream } from "../systems/upstream.ts";
import { warmUp } from "../warm-up.ts";
import { startServedVault } from "./served-vault.ts";

const CONNECTIONS = 64;

/**
 * The fifth part: one process against workers, on one PostgreSQL. Everything is on this one machine, so what the load
 * generator, the upstream and PostgreSQL use is missing for the workers: the cores that were left are printed with it.
 */
export async function runWorkers(options: Options): Promise<object> {
  const cores = availableParallelism();
  const counts = [1, Math.max(2, cores)];
  const dir = makeWorkDir(options.dir);
  const upstream = await startUpstream(dir);
  const bench: Bench = { generator: await startGenerator(), upstream };
  const postgres = await startPostgres({ fsync: true });
  const systems = [];
  for (const count of counts) {
    const url = await database(postgres.url, `vault_${count}`);
    systems.push(await startServedVault(join(dir, `workers-${count}`), url, count, upstream.port));
  }
  for (const system of systems) {
    await warmUp(bench, system, CONNECTIONS, { windowMs: 1_000, mostWindows: options.quick ? 6 : 12 });
  }
  const rounds: (readonly Window[])[] = [];
  const timing = { leadMs: 200, ms: options.windowMs ?? (options.quick ? 1_000 : 3_000) };
  for (let round = 0; round < (options.rounds ?? (options.quick ? 3 : 7)); round++) {
    const windows: Window[] = [];
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const system = systems[at];
      if (system) windows[at] = await measureWindow(bench, system, CONNECTIONS, timing);
    }
    rounds.push(windows);
  }
  for (const system of systems) await system.stop();
  await postgres.stop();
  const [one, many] = [0, 1].map((at) => rounds.flatMap((windows) => windows[at] ?? []));
  const ratio = median(rounds.map(([single, several]) => (several?.rps ?? Number.NaN) / (single?.rps ?? Number.NaN)));
  const failures = [...(one ?? []), ...(many ?? [])].reduce((sum, window) => sum + window.failures, 0);
  const result = {
    cores,
    workers: counts[1],
    workers_rps_ratio: Number(ratio.toFixed(2)),
    one: summary(one ?? []),
    several: summary(many ?? []),
    failures,
  };
  report(result);
  return { part: "workers", valid: failures === 0, ...result };
}

type Summary = ReturnType<typeof summary>;

/** Medians. Shares are of one core. */
function summary(windows: readonly Window[]) {
  const of = (pick: (window: Window) => number | null): number =>
    Number(median(windows.map((w) => pick(w) ?? 0)).toFixed(2));
  return {
    rps: Math.round(of(({ rps }) => rps)),
    p50_ms: of(({ p50Ms }) => p50Ms),
    vault_cores: of(({ systemShare }) => systemShare),
    load_cores: of(({ generatorShare, upstreamShare }) => generatorShare + (upstreamShare ?? 0)),
    other_cores: of(({ foreignShare }) => foreignShare),
  };
}

function report(result: {
  cores: number;
  workers: number | undefined;
  workers_rps_ratio: number;
  one: Summary;
  several: Summary;
  failures: number;
}): void {
  const line = (name: string, { rps, p50_ms, vault_cores, load_cores, other_cores }: Summary): void =>
    console.log(
      `${name.padEnd(12)} ${String(rps).padStart(6)} calls/s   p50 ${p50_ms.toFixed(2)} ms   cores used: vault ${vault_cores}, load ${load_cores}, PostgreSQL and others ${other_cores}`,
    );
  console.log(`\n${result.cores} cores, ${CONNECTIONS} connections, all on this machine; medians of the rounds`);
  line("one process", result.one);
  line(`${result.workers} workers`, result.several);
  console.log(`calls per second, workers / one process, within a round: ${result.workers_rps_ratio}`);
  if (result.failures > 0) console.log(`!!! ${result.failures} CALLS FAILED, nothing here is valid`);
}

async function database(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
