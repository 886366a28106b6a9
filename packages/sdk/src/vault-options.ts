import { API_KEY_PATTERN, parseApiKey, type ApiKeyParts, type Caller } from "@alter-vault/protocol";
import { checkBaseUrl } from "./base-url.ts";
import { resolveCaller, type ActorOptions, type CallerOptions } from "./caller.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkUserTokenGetter, type UserTokenGetter } from "./user-token.ts";

export type Fetch = typeof globalThis.fetch;

/**
 * Who sends the call to the provider: the vault (`"proxy"`), or this process with an injection it got for that one call
 * (`"retrieve"`), which then holds an access credential for a moment.
 */
export type Mode = "proxy" | "retrieve";

/** Where the SDK says what it does on its own: correcting the clock, trying again. Never told a secret. */
export interface AlterLogger {
  warn(message: string): void;
}

export interface AlterVaultOptions extends ActorOptions {
  /** `alter_key_…`, made with `alter-vault api-keys create`. It never travels and is not kept. */
  readonly apiKey: string;
  /** Where the vault is. Default: `http://127.0.0.1:8200`. */
  readonly baseUrl?: string | undefined;
  /** Milliseconds until the headers of an answer must be there. Default: 30000. Bodies may take longer. */
  readonly timeout?: number | undefined;
  /** Who makes the calls; a string is the identifier. One `AlterVault` for each agent. */
  readonly caller?: string | CallerOptions | undefined;
  /** Default: `"proxy"`. */
  readonly mode?: Mode | undefined;
  readonly logger?: AlterLogger | undefined;
  /** Used for calls to the vault, and for nothing else. Default: the platform's `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Used for calls to providers in retrieve mode and to the issuer in `authenticate()`. It never sees the API key. Default: the platform's `fetch`. */
  readonly providerFetch?: Fetch | undefined;
  /** Lifts the rule that `baseUrl` is https. Bodies, answers and injections can then be read on the way. */
  readonly allowInsecureBaseUrl_sendsRequestsInClearText?: boolean | undefined;
  /**
   * Gives the token of the end user (a JWT of one of the app's identity providers, or a vault session), or nothing. It is
   * asked before every request, and again for the next. What a call or a view is given goes first, then who signed in
   * with `authenticate()`.
   */
  readonly userTokenGetter?: UserTokenGetter | undefined;
}

/** The options after checking. The API key is not among them. */
export interface Settings {
  readonly baseUrl: URL;
  readonly timeoutMs: number;
  readonly caller: Caller;
  readonly mode: Mode;
  readonly userTokenGetter: UserTokenGetter | undefined;
  readonly logger: AlterLogger | undefined;
  readonly fetch: Fetch;
  readonly providerFetch: Fetch;
}

const DEFAULT_BASE_URL = "http://127.0.0.1:8200";
const DEFAULT_TIMEOUT_MS = 30_000;
/** The longest delay a timer takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

const KNOWN = [
  "apiKey",
  "baseUrl",
  "timeout",
  "caller",
  "callerType",
  "actorType",
  "actorIdentifier",
  "actorName",
  "actorVersion",
  "framework",
  "clientType",
  "mode",
  "userTokenGetter",
  "logger",
  "fetch",
  "providerFetch",
  "allowInsecureBaseUrl_sendsRequestsInClearText",
];

/** Checks every option. Throws AlterValueError for the first that is wrong, naming it, and never shows a value. */
export function checkVaultOptions(options: AlterVaultOptions): {
  readonly key: ApiKeyParts;
  readonly settings: Settings;
} {
  if (typeof options !== "object" || options === null) {
    throw new AlterValueError("new AlterVault() takes an object: new AlterVault({ apiKey, caller }).");
  }
  checkKnownNames(options, KNOWN, { baseURL: "baseUrl", timeoutMs: "timeout", userToken: "userTokenGetter" });
  return {
    key: checkApiKey(options.apiKey),
    settings: {
      baseUrl: checkBaseUrl(
        options.baseUrl ?? DEFAULT_BASE_URL,
        options.allowInsecureBaseUrl_sendsRequestsInClearText === true,
      ),
      timeoutMs: checkTimeout(options.timeout) ?? DEFAULT_TIMEOUT_MS,
      caller: resolveCaller(options.caller, options),
      mode: checkMode(options.mode) ?? "proxy",
      userTokenGetter: checkUserTokenGetter(options.userTokenGetter),
      logger: checkLogger(options.logger),
      fetch: checkFetch("fetch", options.fetch),
      providerFetch: checkFetch("providerFetch", options.providerFetch),
    },
  };
}

/** Milliseconds, or undefined when not given. */
export function checkTimeout(value: unknown): number | undefined {
  return checkMilliseconds("timeout", value, 1, MAX_TIMEOUT_MS);
}

export function checkMilliseconds(name: string, value: unknown, from: number, to: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= from && value <= to) return value;
  throw new AlterValueError(`Option "${name}" must be a number of milliseconds from ${from} to ${to}.`);
}

export function checkMode(value: unknown): Mode | undefined {
  if (value === undefined || value === "proxy" || value === "retrieve") return value;
  throw new AlterValueError('Option "mode" must be "proxy" or "retrieve".');
}

function checkApiKey(value: unknown): ApiKeyParts {
  if (typeof value !== "string" || value === "") {
    throw new AlterValueError('Option "apiKey" is missing. Make a key with `alter-vault api-keys create` and pass it.');
  }
  const parts = parseApiKey(value);
  if (parts !== null) return parts;
  if (value.trim() !== value) {
    throw new AlterValueError(
      'Option "apiKey" has white space around it. Trim it: a file or a paste may end with a line break.',
    );
  }
  throw new AlterValueError(
    API_KEY_PATTERN.test(value)
      ? 'Option "apiKey" is mistyped: its checksum does not match. Copy the key again, as a whole.'
      : 'Option "apiKey" is not an API key. A key is alter_key_, 16 characters, an underscore, and 49 characters; perhaps it was cut off.',
  );
}

function checkLogger(value: AlterLogger | undefined): AlterLogger | undefined {
  if (value === undefined || typeof value?.warn === "function") return value;
  throw new AlterValueError('Option "logger" must have a method "warn".');
}

function checkFetch(name: string, value: Fetch | undefined): Fetch {
  // The platform's fetch is looked up for each call, so that instrumentation installed later is used.
  if (value === undefined) return (input, init) => globalThis.fetch(input, init);
  if (typeof value === "function") return value;
  throw new AlterValueError(`Option "${name}" must be a function like the platform's fetch.`);
}
