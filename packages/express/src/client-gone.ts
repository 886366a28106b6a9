import type { Response } from "express";

const reasons = new WeakSet<object>();

/** Aborts when the client goes away before its answer is complete. Never for a request that was answered. */
export function clientGoneSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (response.writableFinished) return;
    const reason = new DOMException("The client disconnected.", "AbortError");
    reasons.add(reason);
    controller.abort(reason);
  });
  return controller.signal;
}

/** Whether an error says that, and nothing else. */
export function isClientGone(error: unknown): boolean {
  return typeof error === "object" && error !== null && reasons.has(error);
}
