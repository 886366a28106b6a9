import { join } from "node:path";
import { measureWindow, type Bench, type Window } from "./measure.ts";
import type { Options } from "./options.ts";
import { startPostgres } from "../harness/postgres.ts";
import { startGenerator } from "./load/generator.ts";
import { canPin } from "./processes/child.ts";
import { makeWorkDir } from "./processes/work-dir.ts";
import { startInjector } from "./systems/injector.ts";
import { hasNginx, startNginxInjector } from "./systems/nginx.ts";
import type { System, SystemName } from "./systems/system.ts";
import { directSystem, startUpstream } from "./systems/upstream.ts";
import { startVault, storeUpstreamSecret, vaultSystem } from "./systems/vault.ts";
import { ratiosOf, type Rounds } from "./ratios.ts";
import { printReport, summarise } from "./report.ts";
import { warmUp, type WarmUp } from "./warm-up.ts";

/**
 * The first part: what the vault costs beside what does less. Systems take turns within a round, each round begins with
 * another one, and only windows of one round are compared, because the speed of a machine drifts.
 */
interface Schedule {
  readonly rounds: number;
  readonly connections: readonly number[];
  readonly windowMs: number;
  readonly leadMs: number;
  readonly warmUp: Readonly<Record<SystemName, WarmUp>>;
  /** How often a window is repeated when other programs were busy meanwhile. */
  readonly repeats: number;
}

/** How many windows of warming up a system may take: the more JavaScript there is, the longer it gets faster. */
function warmUpOf(windowMs: number, vault: number, injector: number): Schedule["warmUp"] {
  const most = (mostWindows: number): WarmUp => ({ windowMs, mostWindows });
  return {
    direct: most(1),
    nginx: most(1),
    injector: most(injector),
    vault_proxy: most(vault),
    vault_retrieve: most(vault),
    vault_postgres: most(vault),
  };
}

const FULL: Schedule = {
  rounds: 5,
  connections: [1, 16, 64],
  windowMs: 3_000,
  leadMs: 200,
  warmUp: warmUpOf(2_000, 15, 8),
  repeats: 2,
};
const QUICK: Schedule = {
  rounds: 2,
  connections: [1, 64],
  windowMs: 700,
  leadMs: 100,
  warmUp: warmUpOf(600, 12, 4),
  repeats: 0,
};
/** Above this much of a core, other programs disturb a window. */
const NOISE = 0.15;
const WARM_UP_CONNECTIONS = 64;

export async function runCompare(options: Options): Promise<object> {
  const usual = options.quick ? QUICK : FULL;
  const schedule = {
    ...usual,
    rounds: options.rounds ?? usual.rounds,
    windowMs: options.windowMs ?? usual.windowMs,
  };
  const dir = makeWorkDir(options.dir);
  const upstream = await startUpstream(dir);
  const bench: Bench = { generator: await startGenerator(), upstream };
  const postgres = options.postgres ? await startPostgres({ fsync: true }) : null;
  const systems = await startSystems(dir, bench, options.profileDir, postgres?.url ?? null);
  for (const system of systems) {
    const { rates, settled } = await warmUp(bench, system, WARM_UP_CONNECTIONS, schedule.warmUp[system.name]);
    const path = `${Math.round(rates[0] ?? 0)} to ${Math.round(rates.at(-1) ?? 0)} requests/s`;
    if (rates.length > 1) progress(`${system.title}: warmed up, ${path}${settled ? "" : ", not yet steady"}`);
  }
  const rounds = await runRounds(bench, systems, schedule);
  await postgres?.stop();
  const ratios = ratiosOf(rounds);
  const summary = summarise(systems, rounds);
  printReport({ schedule, systems, rounds, ratios, summary, upstream: upstream.kind, dir });
  const conditions = { quick: options.quick, rounds: schedule.rounds, pinned: canPin(), upstream: upstream.kind };
  return { part: "compare", ...conditions, ...summary, ratios };
}

async function startSystems(
  dir: string,
  { upstream }: Bench,
  profileDir: string | null,
  databaseUrl: string | null,
): Promise<System[]> {
  const vault = async (mode: "proxy" | "retrieve"): Promise<System> => {
    const child = await startVault(join(dir, `vault-${mode}`), profileDir);
    return vaultSystem(child, mode, await storeUpstreamSecret(child, upstream.port), upstream.port);
  };
  const onPostgres = async (url: string): Promise<System> => {
    const child = await startVault(join(dir, "vault-postgres"), profileDir, url);
    const system = vaultSystem(child, "proxy", await storeUpstreamSecret(child, upstream.port), upstream.port);
    return { ...system, name: "vault_postgres", title: "vault, proxy mode, PostgreSQL" };
  };
  const started = await Promise.all([
    startInjector(upstream.port),
    ...(hasNginx() ? [startNginxInjector(dir, upstream.port)] : []),
    vault("proxy"),
    vault("retrieve"),
    ...(databaseUrl === null ? [] : [onPostgres(databaseUrl)]),
  ]);
  return [directSystem(upstream), ...started];
}

async function runRounds(bench: Bench, systems: readonly System[], schedule: Schedule): Promise<Rounds> {
  const rounds: Map<SystemName, Window>[][] = [];
  for (let round = 0; round < schedule.rounds; round++) {
    progress(`round ${round + 1} of ${schedule.rounds}`);
    const order = systems.map((_, index) => systems[(index + round) % systems.length] as System);
    const byConnections: Map<SystemName, Window>[] = [];
    for (const connections of schedule.connections) {
      const windows = new Map<SystemName, Window>();
      for (const system of order) windows.set(system.name, await quietWindow(bench, system, connections, schedule));
      byConnections.push(windows);
    }
    rounds.push(byConnections);
  }
  return { connections: schedule.connections, rounds };
}

/** The least disturbed of a few windows; the first that is not disturbed at all is taken at once. */
async function quietWindow(
  bench: Bench,
  system: System,
  connections: number,
  { leadMs, windowMs, repeats }: Schedule,
): Promise<Window> {
  const timing = { leadMs, ms: windowMs };
  let best = await measureWindow(bench, system, connections, timing);
  for (let again = 0; again < repeats && (best.foreignShare ?? 0) > NOISE; again++) {
    const next = await measureWindow(bench, system, connections, timing);
    if ((next.foreignShare ?? 0) < (best.foreignShare ?? 0)) best = next;
  }
  return best;
}

/** To stderr: stdout is for the result. */
function progress(text: string): void {
  console.error(text);
}
