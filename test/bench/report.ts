import { cpus } from "node:os";
import { canPin } from "./processes/child.ts";
import type { Window } from "./measure.ts";
import type { Ratios, Rounds } from "./ratios.ts";
import { median } from "./statistics.ts";
import type { System, SystemName } from "./systems/system.ts";

/** One system at one number of connections, over all rounds. */
export interface Row {
  readonly rps: number | null;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly cpu_us_per_call: number | null;
  /** The load generator's share of its core, at its highest. */
  readonly generator_core: number;
  /** Generator and upstream together, on the core they share. */
  readonly load_core: number;
  readonly failures: number;
}

export interface Summary {
  /** No call failed. */
  readonly valid: boolean;
  readonly systems: Readonly<Partial<Record<SystemName, Readonly<Record<string, Row>>>>>;
  /** What other programs of the machine used of a core, at most. */
  readonly foreign_core: number | null;
}

interface Report {
  readonly schedule: { readonly rounds: number; readonly windowMs: number };
  readonly systems: readonly System[];
  readonly rounds: Rounds;
  readonly ratios: Ratios;
  readonly summary: Summary;
  readonly upstream: string;
  readonly dir: string;
}

/** Beyond, the generator decides what is measured. */
const GENERATOR_LIMIT = 0.85;
const LOAD_CORE_LIMIT = 0.95;

export function summarise(systems: readonly System[], { connections, rounds }: Rounds): Summary {
  const all: Window[] = [];
  const table: Partial<Record<SystemName, Record<string, Row>>> = {};
  for (const { name } of systems) {
    const rows: Record<string, Row> = {};
    connections.forEach((count, index) => {
      const windows = rounds.flatMap((round) => round[index]?.get(name) ?? []);
      all.push(...windows);
      rows[`c${count}`] = rowOf(windows);
    });
    table[name] = rows;
  }
  const foreign = all.flatMap(({ foreignShare }) => foreignShare ?? []);
  return {
    valid: all.every(({ failures }) => failures === 0),
    systems: table,
    foreign_core: foreign.length === 0 ? null : rounded(Math.max(...foreign), 2),
  };
}

function rowOf(windows: readonly Window[]): Row {
  const failures = windows.reduce((sum, window) => sum + window.failures, 0);
  const middle = (value: (window: Window) => number | null, digits: number): number | null => {
    const values = windows.flatMap((window) => value(window) ?? []);
    return failures > 0 || values.length === 0 ? null : rounded(median(values), digits);
  };
  return {
    rps: middle(({ rps }) => rps, 0),
    p50_ms: middle(({ p50Ms }) => p50Ms, 3),
    p99_ms: middle(({ p99Ms }) => p99Ms, 3),
    cpu_us_per_call: middle(({ cpuMicrosPerCall }) => cpuMicrosPerCall, 1),
    generator_core: rounded(Math.max(...windows.map(({ generatorShare }) => generatorShare)), 2),
    load_core: rounded(Math.max(...windows.map((one) => one.generatorShare + (one.upstreamShare ?? 0))), 2),
    failures,
  };
}

export function printReport({ schedule, systems, rounds, ratios, summary, upstream, dir }: Report): void {
  const pinned = canPin() ? "each system alone on core 1, load and upstream on core 0" : "NOT pinned to cores";
  console.log(`\n${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores; ${pinned}`);
  console.log(`Node ${process.version}; upstream ${upstream}; data in ${dir}; audit log durable`);
  console.log(`${schedule.rounds} rounds, windows of ${schedule.windowMs / 1000} s, medians over the rounds\n`);
  for (const count of rounds.connections) printTable(count, systems, summary);
  if (summary.valid) printRatios(ratios);
  printWarnings(systems, rounds, summary);
}

function printTable(count: number, systems: readonly System[], { systems: table }: Summary): void {
  const line = (...cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(26) : cell.padStart(12))).join("");
  const plural = count === 1 ? "connection" : "connections";
  console.log(line(`${count} ${plural}`, "requests/s", "p50 ms", "p99 ms", "CPU us/req", "load core", "generator"));
  for (const { name, title } of systems) {
    const row = table[name]?.[`c${count}`];
    if (!row) continue;
    const shown = (value: number | null): string => (value === null ? "-" : String(value));
    const cells = [shown(row.rps), shown(row.p50_ms), shown(row.p99_ms), shown(row.cpu_us_per_call)];
    console.log(
      line(title, ...(row.failures > 0 ? ["not valid"] : cells), percent(row.load_core), percent(row.generator_core)),
    );
  }
  console.log("");
}

function printRatios(ratios: Ratios): void {
  console.log("ratios (same round, median)");
  for (const [name, value] of Object.entries(ratios)) console.log(`  ${name.padEnd(28)} ${value ?? "-"}`);
  console.log("");
}

function printWarnings(systems: readonly System[], { connections, rounds }: Rounds, summary: Summary): void {
  for (const { name, title } of systems) {
    for (const [index, count] of connections.entries()) {
      const row = summary.systems[name]?.[`c${count}`];
      if (!row) continue;
      const what = `${title} at ${count} connection${count === 1 ? "" : "s"}`;
      if (row.failures > 0) {
        const detail = rounds.map((round) => round[index]?.get(name)?.firstFailure).find((text) => text);
        console.log(`!!! ${row.failures} CALLS FAILED: ${what}. Its numbers are NOT VALID.\n    ${detail ?? ""}`);
      }
      // Nothing but the load is measured there.
      if (name === "direct") continue;
      if (row.generator_core > GENERATOR_LIMIT || (canPin() && row.load_core > LOAD_CORE_LIMIT)) {
        console.log(`! ${what}: the load core was ${percent(row.load_core)} busy; the system could have done more`);
      }
    }
  }
  if ((summary.foreign_core ?? 0) > 0.15) {
    console.log(`! other programs used up to ${percent(summary.foreign_core ?? 0)} of a core meanwhile`);
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
