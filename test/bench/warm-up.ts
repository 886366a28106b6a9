import { measureWindow, type Bench } from "./measure.ts";
import { isSettled } from "./statistics.ts";
import type { System } from "./systems/system.ts";

export interface WarmUp {
  readonly windowMs: number;
  readonly mostWindows: number;
}

/** As far as three windows have to agree. */
const SPREAD = 0.05;
/** Before that, windows agree by chance: V8 is still busy compiling. */
const FEWEST_CALLS = 60_000;

/**
 * Runs a system until three windows in a row agree, though not before it had some calls, or for as many windows as there
 * may be. Returns their rates.
 */
export async function warmUp(
  bench: Bench,
  system: System,
  connections: number,
  { windowMs, mostWindows }: WarmUp,
): Promise<{ rates: readonly number[]; settled: boolean }> {
  const seen: number[] = [];
  let calls = 0;
  const isWarm = (): boolean => calls >= FEWEST_CALLS && isSettled(seen, 3, SPREAD);
  while (seen.length < mostWindows && !isWarm()) {
    const { rps, answers } = await measureWindow(bench, system, connections, { leadMs: 0, ms: windowMs });
    calls += answers;
    seen.push(rps);
  }
  return { rates: seen, settled: isWarm() };
}
