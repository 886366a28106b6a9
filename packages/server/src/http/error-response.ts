import type { ServerResponse } from "node:http";
import { rateLimitHeaders } from "../policy/limits.ts";
import { ERROR_CODES, HEADER, makeProblem, type ErrorCode, type Problem } from "@alter-vault/protocol";

/** A refusal on the wire: `application/problem+json`, marked as the vault's own answer. */
export function sendProblem(
  response: ServerResponse,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(problem));
  const all: Record<string, string | number> = {
    "content-type": "application/problem+json",
    "content-length": body.length,
    "cache-control": "no-store",
    [HEADER.outcome]: "vault",
    ...headers,
  };
  if (problem.request_id !== undefined) all[HEADER.requestId] = problem.request_id;
  if (problem.rate_limit && problem.rule_id !== undefined) {
    const { limit, remaining, window_seconds: window, reset_seconds: reset } = problem.rate_limit;
    const state = { ruleId: problem.rule_id, limit, remaining, windowMs: window === null ? null : window * 1000 };
    for (const [name, value] of rateLimitHeaders({ ...state, resetMs: reset * 1000 })) all[name] = value;
  }
  if (problem.retry_after_seconds !== undefined) all["retry-after"] = Math.ceil(problem.retry_after_seconds);
  else if (problem.retryable && problem.status === 503) all["retry-after"] = 1;
  response.writeHead(problem.status, all);
  response.end(body);
}

export function sendError(
  response: ServerResponse,
  code: ErrorCode,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendProblem(response, makeProblem(code, ERROR_CODES[code].title), headers);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, requestId?: string): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
    [HEADER.outcome]: "vault",
    ...(requestId === undefined ? {} : { [HEADER.requestId]: requestId }),
  });
  response.end(body);
}
