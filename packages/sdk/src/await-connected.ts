import type { AlterSDKError } from "./alter-sdk-error.ts";
import { connectError, connectTimeout } from "./connect-error.ts";
import type { ConnectResult } from "./connect-result.ts";
import { pollConnectSession, type ConnectSessionState } from "./connect-session.ts";
import type { Core } from "./core.ts";
import { BackendError, NetworkError } from "./errors.ts";

interface Waiting {
  readonly timeoutMs: number;
  readonly pollIntervalMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A single question may take this long even when the time for all of them is nearly over. */
const MIN_POLL_TIMEOUT_MS = 2000;

/**
 * Asks how a session stands until it is over, and resolves with what was connected. Rejects with the error for a session
 * that was denied, failed or expired, with ConnectTimeoutError when the time is up, and with the signal's own reason.
 * A vault that cannot be reached for a while does not end it: the user may well be finishing meanwhile.
 */
export async function awaitConnected(
  core: Core,
  sessionToken: string,
  { timeoutMs, pollIntervalMs, signal }: Waiting,
): Promise<readonly ConnectResult[]> {
  const { now, sleep } = core.platform;
  const endsAt = now() + timeoutMs;
  let connected: readonly ConnectResult[] = [];
  for (let leftMs = timeoutMs; leftMs > 0; leftMs = endsAt - now()) {
    await sleep(Math.min(pollIntervalMs, leftMs), signal);
    signal?.throwIfAborted();
    const pollTimeoutMs = Math.min(core.settings.timeoutMs, Math.max(endsAt - now(), MIN_POLL_TIMEOUT_MS));
    const state = await poll(core, sessionToken, pollTimeoutMs, signal);
    if (state === undefined) continue;
    connected = state.grants;
    if (state.status === "completed") return connected;
    if (state.status !== "pending") throw connectError(state.status, state);
  }
  throw connectTimeout(`The user did not finish within ${timeoutMs} ms.`, connected);
}

/** How the session stands, or undefined when the vault cannot say at the moment. */
async function poll(
  core: Core,
  sessionToken: string,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<ConnectSessionState | undefined> {
  try {
    // The session's own token says whose it is. The user's may end before the user is done.
    return await pollConnectSession(core, sessionToken, { timeout, signal, userToken: null });
  } catch (error) {
    if (signal?.aborted === true || !isTransient(error)) throw error;
    core.settings.logger?.warn(`Asking how a Connect session stands did not work (${error.code}). Asking again.`);
    return undefined;
  }
}

function isTransient(error: unknown): error is AlterSDKError {
  return error instanceof NetworkError || (error instanceof BackendError && error.retryable);
}
