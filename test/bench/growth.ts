import { rmSync } from "node:fs";
import { join } from "node:path";
import { finishDataDir, makeDataDir, sizeOfDir, type OpenDataDir } from "./growth/data-dir.ts";
import { fillGrants } from "./growth/fill-grants.ts";
import { fillLog } from "./growth/fill-log.ts";
import { startGenerator } from "./load/generator.ts";
import { measureWindow, type Bench } from "./measure.ts";
import type { Options } from "./options.ts";
import { makeWorkDir } from "./processes/work-dir.ts";
import { median } from "./statistics.ts";
import type { System } from "./systems/system.ts";
import { startUpstream } from "./systems/upstream.ts";
import { startVault, vaultSystem, type VaultProcess } from "./systems/vault.ts";
import { warmUp } from "./warm-up.ts";

/**
 * The second part: whether a call takes longer when the vault holds much. Two vaults, one with a small data directory and
 * one with a large one, take turns; each call is for another grant, drawn from all there are.
 */
interface Case {
  readonly name: "grants" | "audit";
  readonly small: string;
  readonly large: string;
  fill(dataDir: OpenDataDir, size: "small" | "large"): Promise<void>;
  /** How many grants there are then. */
  grants(size: "small" | "large"): number;
}

interface Measured {
  readonly name: Case["name"];
  readonly ratio: number | null;
  readonly small_p50_ms: number | null;
  readonly large_p50_ms: number | null;
  readonly large_mb: number;
  readonly failures: number;
}

const FEW_GRANTS = 1_000;
const WARM_UP = { windowMs: 1_000, mostWindows: 10 };

export async function runGrowth(options: Options): Promise<object> {
  const dir = makeWorkDir(options.dir);
  console.error(`data in ${dir}; at full size some 5 GB, removed at the end`);
  const bench: Bench = { upstream: await startUpstream(dir), generator: await startGenerator() };
  const measured: Measured[] = [];
  for (const one of casesOf(options, bench.upstream.port)) measured.push(await measureCase(one, bench, dir, options));
  report(measured, options);
  const growth = Object.fromEntries(measured.map(({ name, ratio }) => [`${name}_p50_ratio`, ratio]));
  return { part: "growth", valid: measured.every(({ failures }) => failures === 0), growth, measured };
}

function casesOf({ growthRows, growthGrants }: Options, upstreamPort: number): Case[] {
  const count = (value: number): string => value.toLocaleString("en");
  return [
    {
      name: "grants",
      small: `${count(FEW_GRANTS)} grants`,
      large: `${count(growthGrants)} grants`,
      grants: (size) => (size === "small" ? FEW_GRANTS : growthGrants),
      fill: (dataDir, size) => fillGrants(dataDir, size === "small" ? FEW_GRANTS : growthGrants, upstreamPort),
    },
    {
      name: "audit",
      small: "an empty audit log",
      large: `${count(growthRows)} audit rows`,
      grants: () => FEW_GRANTS,
      async fill(dataDir, size) {
        await fillGrants(dataDir, FEW_GRANTS, upstreamPort);
        if (size === "large") await fillLog(dataDir, growthRows, FEW_GRANTS);
      },
    },
  ];
}

async function measureCase(one: Case, bench: Bench, dir: string, options: Options): Promise<Measured> {
  const small = await startFilled(one, "small", dir, bench, options);
  const large = await startFilled(one, "large", dir, bench, options);
  console.error(`${one.large}: ${large.megabytes} MB on disk`);
  for (const { system } of [small, large]) await warmUp(bench, system, 16, WARM_UP);
  const windows = { small: [] as number[], large: [] as number[] };
  const ratios: number[] = [];
  const rounds = options.rounds ?? (options.quick ? 4 : 12);
  const timing = { leadMs: 100, ms: options.windowMs ?? 2_000 };
  let failures = 0;
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ([small, large] as const) : ([large, small] as const);
    const p50 = { small: Number.NaN, large: Number.NaN };
    for (const { size, system } of order) {
      const window = await measureWindow(bench, system, 1, timing);
      p50[size] = window.p50Ms;
      failures += window.failures;
      if (window.firstFailure !== null)
        console.error(`!!! a call FAILED, nothing here is valid: ${window.firstFailure}`);
      windows[size].push(window.p50Ms);
    }
    ratios.push(p50.large / p50.small);
    console.error(`  round ${round + 1} of ${rounds}: ${p50.small.toFixed(3)} and ${p50.large.toFixed(3)} ms`);
  }
  for (const { vault, dataDir } of [small, large]) {
    await vault.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  const shown = (values: readonly number[]): number | null => (failures > 0 ? null : Number(median(values).toFixed(4)));
  return {
    name: one.name,
    ratio: shown(ratios),
    small_p50_ms: shown(windows.small),
    large_p50_ms: shown(windows.large),
    large_mb: large.megabytes,
    failures,
  };
}

interface Filled {
  readonly size: "small" | "large";
  readonly dataDir: string;
  readonly vault: VaultProcess;
  readonly system: System;
  readonly megabytes: number;
}

async function startFilled(
  one: Case,
  size: "small" | "large",
  dir: string,
  { upstream }: Bench,
  { profileDir }: Options,
): Promise<Filled> {
  const dataDir = join(dir, `${one.name}-${size}`);
  console.error(`filling ${one[size]}`);
  const open = await makeDataDir(dataDir);
  await one.fill(open, size);
  finishDataDir(open);
  const megabytes = sizeOfDir(dataDir);
  const vault = await startVault(dataDir, profileDir);
  const system = vaultSystem(vault, "proxy", { among: one.grants(size) }, upstream.port);
  return { size, dataDir, vault, system, megabytes };
}

function report(measured: readonly Measured[], options: Options): void {
  console.log("\none call at one connection, proxy mode, median; ratios within a round, median over the rounds");
  for (const one of casesOf(options, 0)) {
    const found = measured.find(({ name }) => name === one.name);
    if (!found) continue;
    const { ratio, small_p50_ms: small, large_p50_ms: large, large_mb: megabytes, failures } = found;
    if (failures > 0) console.log(`!!! ${one.large}: ${failures} CALLS FAILED, not valid`);
    else console.log(`${one.large} (${megabytes} MB) / ${one.small}: ${large} / ${small} ms = ${ratio}`);
  }
}
