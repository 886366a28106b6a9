import type { Caller, Context, ErrorCode, ProxyMethod } from "@alter-vault/protocol";

/**
 * What is written down before anything happens, and what came of it. Two kinds of rows: an entry says who asked what and
 * what was decided; an outcome, which names its entry, says how it ended. An allowed entry without an outcome means that
 * the vault stopped in between. Neither holds a body, a header value or any part of a credential.
 *
 * Written down is only what there is to say: every byte of a row is paid for in each call.
 */
export interface EntryBody {
  readonly kind: "request" | "admin" | "refusal" | "connect" | "credential" | "directory";
  readonly app_id: string | null;
  readonly key_id: string | null;
  readonly agent_id: string | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly caller: Caller | null;
  readonly context: Context;
  readonly reason: string | null;
  readonly mode: "proxy" | "retrieve" | null;
  readonly grant_id: string | null;
  readonly delegation_id: string | null;
  readonly secret_id: string | null;
  readonly provider: string | null;
  readonly principal_type: string | null;
  /** The user whose account it is, where that is not the one who asks. */
  readonly principal_id: string | null;
  readonly method: ProxyMethod | null;
  readonly url: string | null;
  readonly body_digest: string | null;
  /** The version of the policy that decided. */
  readonly policy_version: number | null;
  readonly approval_id: string | null;
  /** What the policy in shadow mode would have decided. */
  readonly shadow: string | null;
  readonly action: string;
  readonly decision: "allow" | "deny";
  readonly rule: string;
  readonly code: ErrorCode | null;
  readonly message: string | null;
}

export interface OutcomeBody {
  readonly outcome: "done" | "provider" | "vault_error" | "client_closed";
  readonly status: number | null;
  readonly code: ErrorCode | null;
  readonly latency_ms: number;
  readonly retries: number;
  readonly redirects: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly scrubbed: number;
}

type Optional = Omit<EntryBody, "kind" | "action" | "decision" | "rule">;

/** What is known of a call while it is looked at. What there is nothing to say of is left out. */
export type Facts = Pick<EntryBody, "kind" | "action"> & {
  -readonly [Name in keyof Optional]?: Optional[Name] | undefined;
};

/** An entry as it is written. */
export type KnownEntry = Facts & Pick<EntryBody, "decision" | "rule">;

const NOTHING_KNOWN: Optional = {
  app_id: null,
  key_id: null,
  agent_id: null,
  user_id: null,
  session_id: null,
  caller: null,
  context: {},
  reason: null,
  mode: null,
  grant_id: null,
  delegation_id: null,
  secret_id: null,
  provider: null,
  principal_type: null,
  principal_id: null,
  method: null,
  url: null,
  body_digest: null,
  policy_version: null,
  approval_id: null,
  shadow: null,
  code: null,
  message: null,
};

/** An entry as it is read back: with everything, null where nothing was said. */
export function readEntryBody(json: string): EntryBody {
  return { ...NOTHING_KNOWN, ...(JSON.parse(json) as EntryBody) };
}

/** An outcome as it is written: what is null or zero is left out. All of it is numbers and words of our own. */
export function writeOutcomeBody(body: OutcomeBody): string {
  let text = `{"outcome":"${body.outcome}","latency_ms":${body.latency_ms}`;
  if (body.status !== null) text += `,"status":${body.status}`;
  if (body.code !== null) text += `,"code":"${body.code}"`;
  if (body.retries !== 0) text += `,"retries":${body.retries}`;
  if (body.redirects !== 0) text += `,"redirects":${body.redirects}`;
  if (body.request_bytes !== 0) text += `,"request_bytes":${body.request_bytes}`;
  if (body.response_bytes !== 0) text += `,"response_bytes":${body.response_bytes}`;
  if (body.scrubbed !== 0) text += `,"scrubbed":${body.scrubbed}`;
  return `${text}}`;
}

/** An outcome as it is read back: with everything. */
export function readOutcomeBody(json: string): OutcomeBody {
  return { ...localOutcome("done", null, 0), ...(JSON.parse(json) as OutcomeBody) };
}

/** The outcome of something that never left the vault. */
export function localOutcome(outcome: OutcomeBody["outcome"], code: ErrorCode | null, latencyMs: number): OutcomeBody {
  return {
    outcome,
    status: null,
    code,
    latency_ms: latencyMs,
    retries: 0,
    redirects: 0,
    request_bytes: 0,
    response_bytes: 0,
    scrubbed: 0,
  };
}
