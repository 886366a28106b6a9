/**
 * The client for the vault: signs, sends, and reads refusals. It corrects the clock by what the vault says, once per
 * call, and asks again when the vault had no room. It follows no redirect, because a redirect is not signed for.
 *
 * When a connection breaks before the answer, as one may that was kept open while its vault stopped, the very same signed
 * request is sent again: a signed request works once, so nothing is done twice. Where the vault says that it was used
 * before, nobody knows what came of it, and the call fails as it would have without.
 *
 * It trusts the vault at the one origin it is made for, and talks to no other. Calls to providers, in retrieve mode,
 * are made by another client (provider-http.ts) that shares nothing with it.
 */
import { ERROR_CODES, HEADER, MAX_CLOCK_SKEW_SECONDS, type Problem } from "@alter-vault/protocol";
import { NO_BODY, type EncodedBody } from "./body.ts";
import type { Deadline } from "./deadline.ts";
import { errorFromProblem, type AddressedCredential } from "./error-from-problem.ts";
import type { Platform } from "./platform.ts";
import { NetworkError, TimeoutError } from "./errors.ts";
import { resendDelay, retryDelay } from "./retry-delay.ts";
import { signRequest } from "./sign-request.ts";
import type { Signer } from "./signing-key.ts";
import { answerKind, readProblem } from "./vault-answer.ts";
import type { Settings } from "./vault-options.ts";

interface VaultRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: EncodedBody;
  /** For the fields of an error, where the vault does not say them. */
  readonly credential?: AddressedCredential;
}

export interface VaultHttp {
  readonly origin: string;
  /** What messages call it. */
  readonly peer: string;
  /**
   * The vault's answer, its refusals excepted: those are thrown, by their code. An answer that is not the vault's is
   * returned like any other; look at its kind.
   */
  send(request: VaultRequest, deadline: Deadline): Promise<Response>;
}

export function createVaultHttp(settings: Settings, signer: Signer, platform: Platform): VaultHttp {
  const { baseUrl, fetch, logger } = settings;
  const peer = `the vault at ${baseUrl.origin}`;
  let clockOffsetMs = 0;
  let toldOfDeprecation = false;

  async function sign(request: VaultRequest, body: EncodedBody): Promise<Record<string, string>> {
    const unsigned = {
      method: request.method,
      url: new URL(request.path, baseUrl),
      headers: request.headers ?? {},
      body: body.kind === "stream" ? ("stream" as const) : body.bytes,
    };
    const createdSeconds = Math.floor((platform.now() + clockOffsetMs) / 1000);
    return signRequest(unsigned, signer, { createdSeconds, nonce: platform.nonce() });
  }

  async function exchange(request: VaultRequest, body: EncodedBody, deadline: Deadline): Promise<Response> {
    const headers = await sign(request, body);
    const { signal } = deadline;
    const init = { method: request.method, headers, redirect: "manual" as const, signal, ...bodyInit(body, headers) };
    const once = (): Promise<Response> => deadline.reach(peer, () => fetch(new URL(request.path, baseUrl), init));
    const response = await once().catch((error: unknown) =>
      body.kind === "bytes" && isBroken(error) ? resend(once, error, deadline) : Promise.reject(error),
    );
    if (response.headers.get(HEADER.keyDeprecated) === "true") tellOfDeprecation();
    return response;
  }

  async function resend(once: () => Promise<Response>, first: NetworkError, deadline: Deadline): Promise<Response> {
    for (let retries = 0; ; retries++) {
      const waitMs = resendDelay(retries, platform.jitter());
      if (waitMs === null || !(await deadline.sleep(waitMs))) throw first;
      logger?.warn(`The connection to ${peer} broke; the same request is sent again.`);
      try {
        const response = await once();
        if (!(await wasUsed(response, deadline))) return response;
      } catch (error) {
        if (!isBroken(error)) throw error;
        continue;
      }
      throw first;
    }
  }

  async function wasUsed(response: Response, deadline: Deadline): Promise<boolean> {
    if (answerKind(response) !== "refusal" || response.status !== ERROR_CODES.request_replayed.status) return false;
    const problem = await deadline.reach(peer, () => readProblem(response.clone(), baseUrl.origin));
    return problem.code === "request_replayed";
  }

  function tellOfDeprecation(): void {
    if (toldOfDeprecation) return;
    toldOfDeprecation = true;
    logger?.warn(
      `The API key ${signer.keyId} is deprecated: it still works and will be revoked. Use the key that takes its place.`,
    );
  }

  /** Whether the clock was off, so that signing again helps. */
  function correctClock({ code, server_time: serverTime }: Problem): boolean {
    if (code !== "clock_skew" || serverTime === undefined) return false;
    clockOffsetMs = serverTime * 1000 - platform.now();
    logger?.warn(
      `The clock of this machine is ${Math.round(clockOffsetMs / 1000)} s off the vault's (more than ${MAX_CLOCK_SKEW_SECONDS} s are refused). Signatures are corrected by it; set the clock.`,
    );
    return true;
  }

  async function send(request: VaultRequest, deadline: Deadline): Promise<Response> {
    const body = request.body ?? NO_BODY;
    const repeatable = body.kind === "bytes";
    let corrected = false;
    for (let retries = 0; ;) {
      const response = await exchange(request, body, deadline);
      if (answerKind(response) !== "refusal") return response;
      const problem = await deadline.reach(peer, () => wholeProblem(response, baseUrl.origin));
      if (correctClock(problem) && repeatable && !corrected) {
        corrected = true;
        continue;
      }
      const waitMs = repeatable ? retryDelay(problem, retries, platform.jitter()) : null;
      if (waitMs === null || !(await deadline.sleep(waitMs))) {
        throw errorFromProblem(problem, request.credential);
      }
      retries++;
      logger?.warn(`The vault had no room for a call (${problem.code}); this is try ${retries + 1}.`);
    }
  }

  return { origin: baseUrl.origin, peer, send };
}

/** Not for want of time, and not by the caller. */
function isBroken(error: unknown): error is NetworkError {
  return NetworkError.is(error) && !TimeoutError.is(error);
}

/** Streams need `duplex`, and get a length where one is known, which Node's fetch sends on. */
function bodyInit(body: EncodedBody, headers: Record<string, string>): RequestInit {
  if (body.kind === "bytes") return body.bytes.length === 0 ? {} : { body: body.bytes };
  if (body.length !== undefined) headers["content-length"] = String(body.length);
  return { body: body.stream, duplex: "half" };
}

/** The problem with what only the headers of its answer say. */
async function wholeProblem(response: Response, origin: string): Promise<Problem> {
  const problem = await readProblem(response, origin);
  const requestId = response.headers.get(HEADER.requestId);
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    ...(requestId === null ? {} : { request_id: requestId }),
    ...(retryAfter >= 0 ? { retry_after_seconds: retryAfter } : {}),
    ...problem,
  };
}
