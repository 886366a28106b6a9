import { localOutcome } from "./audit/entry.ts";
import type { AuditLog } from "./audit/log.ts";
import type { Failure, Refused } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { EgressOutcome } from "./egress/egress.ts";
import { refused } from "./refuse.ts";

/** Writes down what came of a call that was allowed. */
export interface CallOutcomes {
  /** It went out. */
  sent(requestId: string, appId: string, outcome: EgressOutcome, startedMs: number): void;
  /** It ended inside the vault, as it should: with this status, if it had one. */
  done(requestId: string, appId: string | null, startedMs: number, status?: number): void;
  /** It ended inside the vault, and should not have. */
  endedInside(requestId: string, appId: string | null, failure: Failure, startedMs: number): Refused;
}

export function createCallOutcomes({ log, clock }: { readonly log: AuditLog; readonly clock: Clock }): CallOutcomes {
  const elapsed = (startedMs: number): number => Math.round((clock.monotonic() - startedMs) * 1000) / 1000;
  return {
    sent(requestId, appId, outcome, startedMs) {
      log.outcome(requestId, appId, {
        outcome: outcome.ok ? "provider" : outcome.code === "client_closed" ? "client_closed" : "vault_error",
        status: outcome.ok ? outcome.status : null,
        code: outcome.ok ? null : outcome.code,
        latency_ms: elapsed(startedMs),
        retries: outcome.retries,
        redirects: outcome.redirects,
        request_bytes: outcome.ok ? outcome.requestBytes : 0,
        response_bytes: outcome.ok ? outcome.responseBytes : 0,
        scrubbed: outcome.scrubbed,
      });
    },
    done(requestId, appId, startedMs, status) {
      const outcome = localOutcome("done", null, elapsed(startedMs));
      log.outcome(requestId, appId, status === undefined ? outcome : { ...outcome, status });
    },
    endedInside(requestId, appId, failure, startedMs) {
      log.outcome(requestId, appId, localOutcome("vault_error", failure.code, elapsed(startedMs)));
      return refused(requestId, failure);
    },
  };
}
