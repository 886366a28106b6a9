import type { CallPlan } from "./call-plan.ts";
import type { LoadResult, Timing } from "./closed-loop.ts";
import { startNode } from "../processes/child.ts";

/** The load generator, seen from the process that starts it. */
export interface Generator {
  open(plan: { readonly port: number; readonly connections: number; readonly call: CallPlan }): Promise<void>;
  run(timing: Timing): Promise<LoadResult>;
  close(): Promise<void>;
  readonly cpu: () => Promise<number>;
}

export async function startGenerator(): Promise<Generator> {
  const { ask, cpu } = await startNode("load", "load-process.ts");
  return {
    open: (plan) => ask("open", plan),
    run: (timing) => ask("run", timing),
    close: () => ask("close"),
    cpu,
  };
}
