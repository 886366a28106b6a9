import { localOutcome, type Facts } from "../audit/entry.ts";
import type { AuditLog } from "../audit/log.ts";
import type { RefusalLimit } from "../audit/refusal-limit.ts";
import type { Failure } from "../call.ts";
import type { Clock } from "../clock.ts";
import { AUDIT_UNAVAILABLE, refused, refuseUnsigned } from "../refuse.ts";
import type { ConnectRefused } from "./connect.ts";
import type { Session } from "./session.ts";

/** Writing down what browsers do. What they may do is written before it is done; without that it is not done. */
interface LogDeps {
  readonly log: AuditLog;
  readonly refusalLimit: RefusalLimit;
  readonly clock: Clock;
}

export type ConnectAction =
  | "connect.open"
  | "connect.status"
  | "connect.begin"
  | "connect.callback"
  | "connect.connected"
  | "connect.finish";

/** What is known when something is refused. */
interface Circumstances {
  readonly session?: Session | null;
  /** For an app that is known although the session is not. */
  readonly appId?: string;
  readonly provider?: string;
  readonly retryToken?: string;
}

export async function refuseBrowser(
  deps: LogDeps,
  action: ConnectAction,
  failure: Failure,
  { session = null, appId, provider, retryToken }: Circumstances = {},
): Promise<ConnectRefused> {
  const facts = factsOf(action, session?.appId ?? appId ?? null, session?.id, provider);
  const answer = await refuseUnsigned(deps, deps.log.newId(), facts, failure, "connect");
  return { ...answer, session, retryToken: retryToken ?? null };
}

export interface Allowed {
  readonly ok: true;
  readonly requestId: string;
  /** What came of it; null is well. */
  readonly outcome: (failure: Failure | null) => void;
}

export async function allowBrowser(
  { log, clock }: LogDeps,
  action: ConnectAction,
  session: Session,
  { provider, grantId }: { provider?: string; grantId?: string } = {},
): Promise<Allowed | ConnectRefused> {
  const startedMs = clock.monotonic();
  const requestId = log.newId();
  const facts = factsOf(action, session.appId, session.id, provider);
  if (grantId !== undefined) facts.grant_id = grantId;
  const recorded = await log.record(requestId, { ...facts, decision: "allow", rule: "connect" }, null);
  if (recorded !== "recorded") return { ...refused(requestId, AUDIT_UNAVAILABLE), session, retryToken: null };
  return {
    ok: true,
    requestId,
    outcome(failure) {
      const latency = Math.round((clock.monotonic() - startedMs) * 1000) / 1000;
      const kind = failure ? "vault_error" : "done";
      log.outcome(requestId, session.appId, localOutcome(kind, failure?.code ?? null, latency));
    },
  };
}

function factsOf(
  action: ConnectAction,
  appId: string | null,
  sessionId: string | undefined,
  provider: string | undefined,
): Facts {
  return {
    kind: "connect",
    action,
    app_id: appId,
    provider,
    ...(sessionId === undefined ? {} : { context: { connect_session: sessionId } }),
  };
}
