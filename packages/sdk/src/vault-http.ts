/**
 * The client for the vault: signs, sends, and reads refusals. It corrects the clock by what the vault says, once per
 * call, and asks again when the vault had no room. It follows no redirect, because a redirect is not signed for.
 *
 * It trusts the vault at the one origin it is made for, and talks to no other. Calls to providers, in retrieve mode,
 * are made by another client (provider-http.ts) that shares nothing with it.
 */
import { HEADER, MAX_CLOCK_SKEW_SECONDS, type Problem } from "@alter-vault/protocol";
import { NO_BODY, type EncodedBody } from "./body.ts";
import type { Deadline } from "./deadline.ts";
import { errorFromProblem, type AddressedCredential } from "./error-from-problem.ts";
import type { Platform } from "./platform.ts";
import { retryDelay } from "./retry-delay.ts";
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

  async function exchange(request: VaultRequest, body: EncodedBody, deadline: Deadline): Promise<Response> {
    const url = new URL(request.path, baseUrl);
    const unsigned = {
      method: request.method,
      url,
      headers: request.headers ?? {},
      body: body.kind === "stream" ? ("stream" as const) : body.bytes,
    };
    const createdSeconds = Math.floor((platform.now() + clockOffsetMs) / 1000);
    const headers = await signRequest(unsigned, signer, { createdSeconds, nonce: platform.nonce() });
    const { signal } = deadline;
    const init = { method: request.method, headers, redirect: "manual" as const, signal, ...bodyInit(body, headers) };
    const response = await deadline.reach(peer, () => fetch(url, init));
    if (response.headers.get(HEADER.keyDeprecated) === "true") tellOfDeprecation();
    return response;
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
