import { isLoopback } from "../base-url.ts";
import type { Core } from "../core.ts";
import { startDeadline } from "../deadline.ts";
import { ConnectConfigError } from "../errors.ts";
import { readLimited } from "../read-limited.ts";
import { parseJson } from "../vault-answer.ts";

export interface IssuerAnswer {
  readonly status: number;
  /** Empty when the answer is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Asks the identity provider something. It is asked by the client for providers, which has never seen the API key.
 * Redirects are not followed: a code or a token must not go where nobody said. Rejects with NetworkError and TimeoutError.
 */
export async function askIssuer(
  core: Core,
  url: URL,
  { form, bearer }: { readonly form?: Readonly<Record<string, string>>; readonly bearer?: string },
  signal: AbortSignal | undefined,
): Promise<IssuerAnswer> {
  const deadline = startDeadline(core.settings.timeoutMs, signal);
  const headers = {
    accept: "application/json",
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
  const request = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
  const init = { ...request, headers, redirect: "manual" as const, signal: deadline.signal };
  try {
    return await deadline.reach(`the identity provider at ${url.origin}`, async () => {
      const response = await core.settings.providerFetch(url, init);
      const json = parseJson(await readLimited(response, MAX_BYTES));
      return { status: response.status, json: isObject(json) ? json : {} };
    });
  } finally {
    deadline.stop();
  }
}

/** An address of the identity provider. Everything but https is refused, except on this machine itself. */
export function issuerUrl(what: string, value: unknown): URL {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url !== undefined && isSafe && url.username === "" && url.password === "") return url;
  throw new ConnectConfigError(`The identity provider's ${what} must be a URL with https.`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
