import { classifyError, type ProviderError } from "./classify-error.ts";
import { resolvePointer, textAt } from "./resolve-pointer.ts";
import type { Provider } from "./schema.ts";
import type { TokenAnswer } from "./schema/token.ts";

/** An answer as it came from the provider. */
export interface RawAnswer {
  readonly status: number;
  readonly contentType?: string | undefined;
  readonly body: string;
}

/** One token. `expiresAt`: milliseconds since 1970, `null`: it does not end by itself. */
export interface ReadToken {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresAt: number | null;
  /** `default`: the answer did not say; `token.expiryFrom` may know better. */
  readonly expiryFrom: "answer" | "default";
  readonly refreshExpiresAt?: number;
  /** Granted scopes, when the answer names them. */
  readonly scopes?: readonly string[];
}

export type ReadTokenAnswer =
  | {
      readonly ok: true;
      /** The token at the top; missing only where the answer holds none but `others`. */
      readonly main?: ReadToken;
      readonly others: Readonly<Record<string, ReadToken>>;
      readonly idToken?: string;
      /** The whole answer, for variables and identity. Holds the tokens: never log it. */
      readonly json: unknown;
    }
  | { readonly ok: false; readonly error: ProviderError };

/**
 * Reads an answer of the token endpoint by the entry's paths. `leg` chooses which: `code`, `refresh`, or `long-lived` for
 * the exchange after the code. An answer without a token is an error, whatever its status.
 *
 * @param now milliseconds since 1970
 */
export function readTokenAnswer(
  provider: Provider,
  raw: RawAnswer,
  leg: "code" | "refresh" | "long-lived",
  now: number,
): ReadTokenAnswer {
  const paths = leg === "refresh" && provider.refresh.supported ? provider.refresh.answer : undefined;
  const answer = paths ?? provider.token.answer;
  const json = decode(raw, answer.encoding);
  const error = classifyError(provider, { status: raw.status, json });
  if (error) return { ok: false, error };
  const separator = answer.scopeSeparator ?? provider.authorize?.scopeSeparator ?? " ";
  const read = (at: TokenPaths): ReadToken | undefined => readToken(json, at, separator, provider, now);
  const main = read(answer);
  const others: Record<string, ReadToken> = {};
  for (const [name, at] of Object.entries(answer.others)) {
    const token = read({ ...at, expiresInUnit: answer.expiresInUnit });
    if (token) others[name] = token;
  }
  if (!main && Object.keys(others).length === 0) {
    return { ok: false, error: { class: "transient", code: "no_token", description: "The answer holds no token." } };
  }
  const idToken = textAt(json, answer.idToken);
  return { ok: true, ...(main ? { main } : {}), others, ...(idToken === undefined ? {} : { idToken }), json };
}

type TokenPaths = { readonly [K in keyof TokenAnswer]?: TokenAnswer[K] | undefined } & {
  readonly accessToken: string;
};

function readToken(
  json: unknown,
  at: TokenPaths,
  separator: string,
  provider: Provider,
  now: number,
): ReadToken | undefined {
  const accessToken = resolvePointer(json, at.accessToken);
  if (typeof accessToken !== "string" || accessToken === "") return undefined;
  const refreshToken = at.refreshToken && textAt(json, at.refreshToken);
  const refreshIn = at.refreshExpiresIn && secondsAt(json, at.refreshExpiresIn);
  const said = expiry(json, at, now);
  const lifetime = provider.token.lifetimeSeconds;
  const scopes = at.scope && readScopes(resolvePointer(json, at.scope), separator);
  return {
    accessToken,
    ...(refreshToken ? { refreshToken } : {}),
    expiresAt: said ?? (lifetime === null ? null : now + lifetime * 1000),
    expiryFrom: said === undefined ? "default" : "answer",
    ...(refreshIn ? { refreshExpiresAt: now + refreshIn * 1000 } : {}),
    ...(scopes ? { scopes } : {}),
  };
}

function expiry(json: unknown, at: TokenPaths, now: number): number | undefined {
  if (at.expiresAt) {
    const value = textAt(json, at.expiresAt.at);
    if (value !== undefined) {
      const moment = at.expiresAt.format === "iso" ? Date.parse(value) : Number(value);
      if (Number.isFinite(moment)) return at.expiresAt.format === "unix" ? moment * 1000 : moment;
    }
  }
  const duration = at.expiresIn === undefined ? undefined : secondsAt(json, at.expiresIn);
  if (duration === undefined) return undefined;
  return now + (at.expiresInUnit === "ms" ? duration : duration * 1000);
}

/** A positive number, also when it is written as a text. Zero and less mean "not said": some providers send 0 for never. */
function secondsAt(json: unknown, pointer: string): number | undefined {
  const value = Number(textAt(json, pointer) ?? Number.NaN);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

function readScopes(value: unknown, separator: string): string[] | undefined {
  if (Array.isArray(value)) return value.filter((scope) => typeof scope === "string");
  if (typeof value !== "string") return undefined;
  // Providers that write commas when asked may write spaces in answers, and the other way round.
  const parts = separator === "," ? value.split(/[,\s]+/) : value.split(separator === "+" ? /[+\s]+/ : /\s+/);
  return parts.filter((scope) => scope !== "");
}

function decode(raw: RawAnswer, encoding: TokenAnswer["encoding"]): unknown {
  const form =
    encoding === "form" || (encoding === "auto" && /x-www-form-urlencoded|text\/plain/.test(raw.contentType ?? ""));
  if (form && !raw.body.trimStart().startsWith("{")) return Object.fromEntries(new URLSearchParams(raw.body));
  return parseJson(raw.body);
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // Not JSON (a proxy's error page): there is no token in it, and the caller says so.
    return undefined;
  }
}
