import type { ErrorCode } from "@alter-vault/protocol";
import { localOutcome, type Facts } from "../audit/entry.ts";
import type { AuditLog } from "../audit/log.ts";
import type { RefusalLimit } from "../audit/refusal-limit.ts";
import type { Failure, Refused } from "../call.ts";
import type { Clock } from "../clock.ts";
import { AUDIT_UNAVAILABLE, refused, refuseUnsigned } from "../refuse.ts";
import type { IdpRecord } from "../store/identity-records.ts";

/** Writing down what directories say. What they may bring about is written before it is done; without that it is not. */
export interface DirectoryLogDeps {
  readonly log: AuditLog;
  readonly refusalLimit: RefusalLimit;
  readonly clock: Clock;
}

/** What an entry is about, beside its identity provider. */
export interface About {
  readonly userId?: string | undefined;
  readonly context?: Readonly<Record<string, string>>;
}

/** At a bounded rate, as whoever knows the address can send anything. */
export function refuseDirectory(
  deps: DirectoryLogDeps,
  action: string,
  idp: IdpRecord | null,
  failure: Failure,
): Promise<Refused> {
  return refuseUnsigned(deps, deps.log.newId(), factsOf(action, idp), failure, "directory");
}

/** What a directory that has shown who it is may do: recorded, then done, then its outcome recorded. */
export async function recordChange<T extends { readonly ok: boolean }>(
  { log, clock }: DirectoryLogDeps,
  action: string,
  idp: IdpRecord,
  about: About,
  change: () => Promise<T | Failure>,
): Promise<(T | Failure | Refused) & { readonly requestId: string }> {
  const startedMs = clock.monotonic();
  const requestId = log.newId();
  const entry = { ...factsOf(action, idp, about), decision: "allow", rule: "directory" } as const;
  if ((await log.record(requestId, entry, null)) !== "recorded") {
    return { ...refused(requestId, AUDIT_UNAVAILABLE), requestId };
  }
  const ended = (code: ErrorCode | null): void => {
    const latency = Math.round((clock.monotonic() - startedMs) * 1000) / 1000;
    log.outcome(requestId, idp.appId, localOutcome(code === null ? "done" : "vault_error", code, latency));
  };
  try {
    const done = await change();
    ended("code" in done ? done.code : null);
    return { ...done, requestId };
  } catch (error) {
    ended("internal");
    throw error;
  }
}

function factsOf(action: string, idp: IdpRecord | null, { userId, context = {} }: About = {}): Facts {
  return {
    kind: "directory",
    action,
    app_id: idp?.appId ?? null,
    ...(userId === undefined ? {} : { user_id: userId }),
    ...(idp ? { context: { ...context, idp_id: idp.id } } : {}),
  };
}
