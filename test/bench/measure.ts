import type { Generator } from "./load/generator.ts";
import type { LoadResult, Timing } from "./load/closed-loop.ts";
import { cpuOfMachine } from "./processes/cpu.ts";
import type { System } from "./systems/system.ts";
import type { Upstream } from "./systems/upstream.ts";

export interface Bench {
  readonly generator: Generator;
  readonly upstream: Upstream;
}

/** One window: one system, some connections, a stretch of time. Shares are of one core; null where they cannot be told. */
export interface Window extends Omit<LoadResult, "allAnswers"> {
  readonly rps: number;
  readonly cpuMicrosPerCall: number | null;
  readonly systemShare: number | null;
  readonly generatorShare: number;
  readonly upstreamShare: number | null;
  /** What other programs of the machine used meanwhile. */
  readonly foreignShare: number | null;
}

/** Much longer than asked for: the whole machine stood still, and the window says nothing. */
const STALL_MS = 1_000;
const MOST_STALLS = 3;

/** Measures a window; one in which the machine stood still is measured again. */
export async function measureWindow(
  bench: Bench,
  system: System,
  connections: number,
  timing: Timing,
): Promise<Window> {
  for (let stalls = 0; ; stalls++) {
    const { window, wallMs } = await measureOnce(bench, system, connections, timing);
    const isStalled = window.failures === 0 && wallMs > timing.leadMs + timing.ms + STALL_MS;
    if (!isStalled || stalls === MOST_STALLS) return window;
  }
}

async function measureOnce(
  { generator, upstream }: Bench,
  { port, call, cpu }: System,
  connections: number,
  timing: Timing,
): Promise<{ window: Window; wallMs: number }> {
  await generator.open({ port, connections, call });
  const read = async () => {
    const used = await Promise.all([cpu(), generator.cpu(), upstream.cpu()]);
    return [...used, cpuOfMachine(), performance.now()] as const;
  };
  const before = await read();
  const { allAnswers, ...result } = await generator.run(timing);
  const after = await read();
  await generator.close();

  const wallMicros = (after[4] - before[4]) * 1000;
  const used = (index: 0 | 1 | 2 | 3): number | null => {
    const [from, to] = [before[index], after[index]];
    return from === null || to === null ? null : to - from;
  };
  const share = (micros: number | null): number | null => (micros === null ? null : micros / wallMicros);
  const [system, ofGenerator, ofUpstream, machine] = [used(0), used(1), used(2), used(3)];
  const ours = (system ?? 0) + (ofGenerator ?? 0) + (ofUpstream ?? 0);
  const window: Window = {
    ...result,
    rps: result.answers / result.seconds,
    cpuMicrosPerCall: system === null || allAnswers === 0 ? null : system / allAnswers,
    systemShare: share(system),
    generatorShare: share(ofGenerator) ?? 0,
    upstreamShare: share(ofUpstream),
    foreignShare: share(machine === null ? null : Math.max(0, machine - ours)),
  };
  return { window, wallMs: wallMicros / 1000 };
}
