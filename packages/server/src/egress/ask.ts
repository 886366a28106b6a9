import type { RawAnswer } from "@alter-vault/providers";
import type { ErrorCode } from "@alter-vault/protocol";
import type { Egress } from "./egress.ts";
import { exchange } from "./exchange.ts";
import { parseTarget } from "./target.ts";

/** A request to a provider, ready to be sent. Holds secrets: never log it. */
export interface ProviderRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Sends a request of the vault's own to a provider, and reads the whole answer. */
export type Ask = (request: ProviderRequest) => Promise<Asked>;

export type Asked =
  | { readonly ok: true; readonly answer: RawAnswer }
  /** There was no answer; it may have reached the provider all the same. */
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

const TIMEOUT_MS = 20_000;

export function createAsk(egress: Egress, options: { readonly allowLoopback: boolean }): Ask {
  return async ({ method, url, headers, body }) => {
    const target = parseTarget({ target: url }, options);
    if (!target.ok) return { ok: false, code: target.code, detail: target.detail };
    const outcome = await exchange(egress, {
      method,
      url: target.url,
      headers,
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!outcome.ok) return outcome;
    const { status, contentType, body: text } = outcome;
    return { ok: true, answer: { status, contentType, body: text } };
  };
}

/** JSON, or undefined when it is none. */
export function jsonOf(answer: RawAnswer): unknown {
  try {
    const value: unknown = JSON.parse(answer.body);
    return value;
  } catch {
    // An error page of a proxy: there is nothing in it that could be read.
    return undefined;
  }
}

/** A code that a provider sent, fit for a log line: a word, never a text of the provider's choice. */
export function safeCode(code: string): string {
  const word = code.replace(/[^A-Za-z0-9_.-]/g, "_").slice(0, 60);
  return word === "" ? "unknown" : word;
}
