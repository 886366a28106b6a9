import { createRequire } from "node:module";
import type * as Cedar from "@cedar-policy/cedar-wasm/nodejs";

/** Cedar, as WebAssembly: loaded when the first rule needs it. */
export type CedarEngine = typeof Cedar;

let loaded: CedarEngine | null = null;

export function cedarEngine(): CedarEngine {
  loaded ??= createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs") as CedarEngine;
  return loaded;
}

/**
 * Names under which prepared policies are kept by the engine. It never lets go of a name, so those of policies that are
 * not used any more are given to others.
 */
const free: string[] = [];
let named = 0;

export function takeSlot(): string {
  return free.pop() ?? `set-${++named}`;
}

export function giveBackSlot(slot: string): void {
  free.push(slot);
}
