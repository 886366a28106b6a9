/**
 * The client for the vault: signs, sends, and reads refusals. It corrects the clock by what the vault says, once per
 * call, and asks again when the vault had no room. It follows no redirect, because a redirect is not signed for.
 *
 * When a connection breaks before the answer, as one may that was kept open while its vault stopped, the very same signed
 * request is sent again: a signed request works once, so nothing is done twice. From then on it is not signed anew for
 * whatever reason. Where the vault says that it was used before, or does not come to look, nobody knows what came of it,
 * and the call fails as it would have without.
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
import { isTurnedAway, resendDelay, retryDelay } from "./retry-delay.ts";
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

interface Signed {
  readonly headers: Record<string, string>;
  /** Of the first connection that broke: the vault may have had the request, and may have done what it says. */
  broken: NetworkError | null;
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

  async function sign(request: VaultRequest, body: EncodedBody): Promise<Signed> {
    const unsigned = {
      method: request.method,
      url: new URL(request.path, baseUrl),
      headers: request.headers ?? {},
      body: body.kind === "stream" ? ("stream" as const) : body.bytes,
    };
    const createdSeconds = Math.floor((platform.now() + clockOffsetMs) / 1000);
    const headers = await signRequest(unsigned, signer, { createdSeconds, nonce: platform.nonce() });
    return { headers, broken: null };
  }

  async function exchange(
    request: VaultRequest,
    signed: Signed,
    body: EncodedBody,
    deadline: Deadline,
  ): Promise<Response> {
    const { headers } = signed;
    const { signal } = deadline;
    const init = { method: request.method, headers, redirect: "manual" as const, signal, ...bodyInit(body, headers) };
    const once = (): Promise<Response> => deadline.reach(peer, () => fetch(new URL(request.path, baseUrl), init));
    for (let resends = 0; ; resends++) {
      try {
        const response = await once();
        if (signed.broken === null || !(await wasUsed(response, deadline))) {
          if (response.headers.get(HEADER.keyDeprecated) === "true") tellOfDeprecation();
          return response;
        }
      } catch (error) {
        if (body.kind !== "bytes" || !isBroken(error)) throw error;
        signed.broken ??= error;
        const waitMs = resendDelay(resends, platform.jitter());
        if (waitMs === null || !(await deadline.sleep(waitMs))) throw signed.broken;
        logger?.warn(`The connection to ${peer} broke; the same request is sent again.`);
        continue;
      }
      throw signed.broken;
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
    let signed = await sign(request, body);
    for (let retries = 0; ;) {
      const response = await exchange(request, signed, body, deadline);
      if (answerKind(response) !== "refusal") return response;
      const problem = await deadline.reach(peer, () => wholeProblem(response, baseUrl.origin));
      const { broken } = signed;
      if (correctClock(problem) && repeatable && !corrected) {
        // What was sent before its connection broke may have been done, and signed anew it would be done once more.
        if (broken) throw broken;
        corrected = true;
        signed = await sign(request, body);
        continue;
      }
      const waitMs = repeatable ? retryDelay(problem, retries, platform.jitter()) : null;
      if (waitMs === null || !(await deadline.sleep(waitMs))) {
        throw broken && isUndecided(problem) ? broken : errorFromProblem(problem, request.credential);
      }
      retries++;
      logger?.warn(`The vault had no room for a call (${problem.code}); this is try ${retries + 1}.`);
      if (!broken) signed = await sign(request, body);
    }
  }

  return { origin: baseUrl.origin, peer, send };
}

/** The vault said no before it looked whether the request had come before. */
function isUndecided({ code }: Problem): boolean {
  return code === "clock_skew" || isTurnedAway(code);
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
