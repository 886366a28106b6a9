import { HEADER, makeProblem, type ErrorCode, type ProblemDetails } from "@alter-vault/protocol";
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
      for (const refusal of active) if (concerns(refusal, headers)) return Promise.resolve(refuse(refusal));
      return fetch(input, init);
    },
  };
}

function concerns({ provider, method }: Refusal, headers: Headers): boolean {
  const called = headers.get(HEADER.method);
  if (called === null) return false;
  return (provider ?? headers.get(HEADER.provider)) === headers.get(HEADER.provider) && (method ?? called) === called;
}

function refuse({ code, provider, details = {} }: Refusal): Response {
  const more = typeof details === "function" ? details() : details;
  const problem = makeProblem(code, "refused for a test", { ...(provider && { provider_id: provider }), ...more });
  const headers = { "content-type": "application/problem+json", [HEADER.outcome]: "vault" };
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
