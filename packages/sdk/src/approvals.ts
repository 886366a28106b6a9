import { ApprovalResult as WireResult, ApprovalState } from "@alter-vault/protocol";
import {
  ApprovalDeniedError,
  ApprovalExecutionFailedError,
  ApprovalExpiredError,
  ApprovalTimeoutError,
} from "./approval-errors.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import { checkUuid } from "./check-uuid.ts";
import type { Core } from "./core.ts";
import { BackendError, NetworkError, type ApprovalRequiredError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkMilliseconds } from "./vault-options.ts";

/** How an approval stands. The provider's answer is never in it. */
export interface ApprovalStatus {
  readonly approvalId: string;
  readonly status: "pending" | "approved" | "executing" | "executed" | "denied" | "expired" | "failed";
  readonly expiresAt: string;
  readonly decidedAt: string | null;
  readonly decisionReason: string | null;
  readonly executedAt: string | null;
  /** The answer waits to be fetched. It is handed out once. */
  readonly hasResult: boolean;
  /** Why it failed. */
  readonly problem: string | null;
}

/** What the provider answered to an approved call. */
export interface ApprovalResult {
  readonly approvalId: string;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly bodyB64: string;
  /** The answer was too long to be kept. */
  readonly bodyTruncated: boolean;
  bodyBytes(): Uint8Array;
  bodyText(): string;
  bodyJson(): unknown;
}

export interface AwaitApprovalOptions extends RouteOptions {
  /** Default: 300000. */
  readonly timeoutMs?: number | undefined;
  /** Default: 2000. */
  readonly pollIntervalMs?: number | undefined;
}

/** By its id, or by the error that said that it is needed. */
export type ApprovalRef = string | ApprovalRequiredError;

const DAY_MS = 86_400_000;

export async function getApprovalStatus(
  core: Core,
  approval: ApprovalRef,
  options: RouteOptions = {},
): Promise<ApprovalStatus> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const state = await callRoute(core, "getApprovalStatus", {
    ...options,
    pathParam: idOf(approval),
    answer: ApprovalState,
  });
  return {
    approvalId: state.approval_id,
    status: state.status === "taken" ? "executed" : state.status,
    expiresAt: state.expires_at,
    decidedAt: state.decided_at,
    decisionReason: state.decision_reason,
    executedAt: state.executed_at,
    hasResult: state.has_result,
    problem: state.problem,
  };
}

/** Rejects with the kinds of ApprovalError, and with the signal's own reason. */
export async function awaitApproval(
  core: Core,
  approval: ApprovalRef,
  options: AwaitApprovalOptions = {},
): Promise<ApprovalResult> {
  checkKnownNames(options, ["timeoutMs", "pollIntervalMs", ...ROUTE_OPTION_NAMES]);
  const approvalId = idOf(approval);
  const { timeoutMs: given, pollIntervalMs: interval, ...route } = options;
  const timeoutMs = checkMilliseconds("timeoutMs", given, 1, DAY_MS) ?? 300_000;
  const pollIntervalMs = checkMilliseconds("pollIntervalMs", interval, 100, DAY_MS) ?? 2000;
  const { now, sleep } = core.platform;
  const endsAt = now() + timeoutMs;
  for (;;) {
    const state = await ask(core, approvalId, route);
    if (state?.hasResult) return takeResult(core, approvalId, route);
    if (state) throwIfOver(state);
    const leftMs = endsAt - now();
    if (leftMs <= 0) break;
    await sleep(Math.min(pollIntervalMs, leftMs), route.signal ?? undefined);
    route.signal?.throwIfAborted();
  }
  throw new ApprovalTimeoutError(`Nobody decided within ${timeoutMs} ms. The approval goes on.`, { approvalId });
}

/** Undefined when the vault cannot say at the moment. */
async function ask(core: Core, approvalId: string, route: RouteOptions): Promise<ApprovalStatus | undefined> {
  try {
    return await getApprovalStatus(core, approvalId, route);
  } catch (error) {
    if (route.signal?.aborted === true) throw error;
    if (error instanceof NetworkError || (error instanceof BackendError && error.retryable)) return undefined;
    throw error;
  }
}

function throwIfOver({ approvalId, status, decisionReason, problem }: ApprovalStatus): void {
  switch (status) {
    case "denied":
      throw new ApprovalDeniedError(
        `The call was not approved${decisionReason === null ? "" : `: ${decisionReason}`}`,
        {
          approvalId,
        },
      );
    case "expired":
      throw new ApprovalExpiredError("Nobody decided about the call in time.", { approvalId });
    case "failed":
      throw new ApprovalExecutionFailedError(`The approved call failed: ${problem ?? "nobody knows why"}.`, {
        approvalId,
      });
    case "executed":
      throw new ApprovalExecutionFailedError("The answer to the approved call was fetched before.", { approvalId });
    case "pending":
    case "approved":
    case "executing":
  }
}

async function takeResult(core: Core, approvalId: string, route: RouteOptions): Promise<ApprovalResult> {
  const result = await callRoute(core, "takeApprovalResult", { ...route, pathParam: approvalId, answer: WireResult });
  const bodyBytes = (): Uint8Array => Uint8Array.from(atob(result.body_b64), (char) => char.charCodeAt(0));
  const bodyText = (): string => new TextDecoder().decode(bodyBytes());
  return {
    approvalId,
    statusCode: result.status_code,
    headers: result.headers,
    bodyB64: result.body_b64,
    bodyTruncated: result.body_truncated,
    bodyBytes,
    bodyText,
    bodyJson: () => JSON.parse(bodyText()) as unknown,
  };
}

function idOf(approval: ApprovalRef): string {
  const id = typeof approval === "string" ? approval : approval.approvalId;
  return checkUuid("approval", id);
}
