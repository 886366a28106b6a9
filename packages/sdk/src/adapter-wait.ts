import { UUID_PATTERN } from "@alter-vault/protocol";
import type { ActionRequired } from "./adapter-action.ts";
import { getApprovalStatus } from "./approvals.ts";
import { AlterSDKError } from "./alter-sdk-error.ts";
import { checkConnection } from "./check-connection.ts";
import type { Core } from "./core.ts";
import { getGrant } from "./grants.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkMilliseconds } from "./vault-options.ts";

export interface WaitOptions {
  /** Milliseconds the person has. Default: 120000. */
  readonly timeout?: number | undefined;
  /** Milliseconds between two questions to the vault. Default: 2000. */
  readonly pollInterval?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_POLL_INTERVAL_MS = 2000;
const DAY_MS = 86_400_000;

/**
 * Waits until what somebody must do seems to be done: true, and the call is worth making again; false when the time is up.
 * How it stands is asked of the vault, and calls no provider. Of an approval that was decided, either way, the call itself
 * tells.
 */
export async function waitForAction(core: Core, action: ActionRequired, options: WaitOptions = {}): Promise<boolean> {
  checkKnownNames(options, ["timeout", "pollInterval", "signal"]);
  const { signal } = options;
  const timeoutMs = checkMilliseconds("timeout", options.timeout, 1, DAY_MS) ?? DEFAULT_TIMEOUT_MS;
  const everyMs = checkMilliseconds("pollInterval", options.pollInterval, 10, DAY_MS) ?? DEFAULT_POLL_INTERVAL_MS;
  const { now, sleep } = core.platform;
  const endsAt = now() + timeoutMs;
  for (let leftMs = timeoutMs; leftMs > 0; leftMs = endsAt - now()) {
    await sleep(Math.min(everyMs, leftMs), signal);
    signal?.throwIfAborted();
    if (await isDone(core, action, signal)) return true;
  }
  return false;
}

async function isDone(core: Core, action: ActionRequired, signal: AbortSignal | undefined): Promise<boolean> {
  const { grantId, providerId, missingScopes, approvalId } = action;
  try {
    if (action.type === "approval_required") return await isDecided(core, approvalId, signal);
    if (grantId !== null) {
      const { status, credentialStatus, missingScopes: lacking } = await getGrant(core, grantId, { signal });
      const isAlive = status === "active" && credentialStatus !== "reauth_required";
      return isAlive && !missingScopes.some((scope) => lacking.includes(scope));
    }
    if (providerId === null) return true;
    return (await checkConnection(core, { provider: providerId, scopes: missingScopes }, { signal })).ok;
  } catch (error) {
    // A vault that cannot be reached for a moment does not end the wait: the user may well be finishing meanwhile.
    if (error instanceof AlterSDKError && error.retryable) return false;
    throw error;
  }
}

const NOT_YET: ReadonlySet<string> = new Set(["pending", "approved", "executing"]);

async function isDecided(core: Core, approvalId: string | null, signal: AbortSignal | undefined): Promise<boolean> {
  if (approvalId === null || !UUID_PATTERN.test(approvalId)) return true;
  return !NOT_YET.has((await getApprovalStatus(core, approvalId, { signal })).status);
}
