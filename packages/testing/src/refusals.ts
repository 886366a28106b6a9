import {
  HEADER,
  makeProblem,
  previewOfRefusal,
  ROUTES,
  type ErrorCode,
  type ProblemDetails,
} from "@alter-vault/protocol";
import type { Fetch } from "@alter-vault/sdk";

/** Refusals in the vault's place, for codes that are hard to bring about: the call does not reach the vault. */
export interface Refusals {
  /** From now on, for calls to this provider, or all; until `lift()`. */
  add(code: ErrorCode, options: RefusalOptions): { lift(): void };
  readonly fetch: Fetch;
}

export interface RefusalOptions {
  readonly provider?: string | undefined;
  /** Default: every method. */
  readonly method?: string | undefined;
  readonly details?: ProblemDetails | (() => ProblemDetails) | undefined;
}

interface Refusal extends RefusalOptions {
  readonly code: ErrorCode;
}

export function createRefusals(): Refusals {
  const active = new Set<Refusal>();
  return {
    add(code, options) {
      const refusal = { code, ...options };
      active.add(refusal);
      return { lift: () => void active.delete(refusal) };
    },
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const say = pathname === ROUTES.preview.path ? foretell : refuse;
      for (const refusal of active) if (concerns(refusal, headers)) return Promise.resolve(say(refusal, headers));
      return fetch(input, init);
    },
  };
}

function concerns({ provider, method }: Refusal, headers: Headers): boolean {
  const called = headers.get(HEADER.method);
  if (called === null) return false;
  return (provider ?? headers.get(HEADER.provider)) === headers.get(HEADER.provider) && (method ?? called) === called;
}

function refuse(refusal: Refusal): Response {
  const problem = makeProblem(refusal.code, DETAIL, detailsOf(refusal));
  return answer(problem, problem.status, "application/problem+json");
}

/** To a program that asks before it calls. */
function foretell(refusal: Refusal, headers: Headers): Response {
  const { code } = refusal;
  const about = { request_id: "fake-request", grant_id: headers.get(HEADER.grant) };
  const provider_id = headers.get(HEADER.provider);
  const details = { ...(provider_id === null ? {} : { provider_id }), ...detailsOf(refusal) };
  const saying = previewOfRefusal({ code, detail: DETAIL, details }, "test");
  return answer({ ...about, provider_id, ...saying }, 200, "application/json");
}

const DETAIL = "refused for a test";

function detailsOf({ provider, details = {} }: Refusal): ProblemDetails {
  const more = typeof details === "function" ? details() : details;
  return { ...(provider === undefined ? {} : { provider_id: provider }), ...more };
}

function answer(value: object, status: number, type: string): Response {
  const headers = { "content-type": type, [HEADER.outcome]: "vault" };
  return new Response(JSON.stringify(value), { status, headers });
}
