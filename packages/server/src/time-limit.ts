import { runInNewContext } from "node:vm";

/**
 * Runs something synchronous that others can make slow, such as their regular expressions, and ends it when it takes too
 * long. Nothing else is cut off from it: this bounds time, not what the code can reach. Exceptions go through.
 */
export function withinTime<T>(ms: number, work: () => T): { readonly ok: true; readonly value: T } | { ok: false } {
  try {
    const value = runInNewContext("work()", { work }, { timeout: ms }) as T;
    return { ok: true, value };
  } catch (error) {
    // An error of the other context: `instanceof` does not know it.
    if ((error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return { ok: false };
    throw error;
  }
}
