import { hide } from "./alter-sdk-error.ts";
import { actionFor, type ActionOptions, type ActionRequired } from "./adapter-action.ts";
import { waitForAction, type WaitOptions } from "./adapter-wait.ts";
import type { Call } from "./call.ts";
import { awsClientConfig, type AwsClientConfig, type AwsOptions } from "./aws.ts";
import { refineDefaults, type CallDefaults, type ViewDefaults } from "./call-defaults.ts";
import { checkConnection, type ConnectionCheck, type ConnectionNeed } from "./check-connection.ts";
import type { Core } from "./core.ts";
import { executeCall } from "./execute-call.ts";
import { fetchThrough, type FetchOptions } from "./fetch-through.ts";
import type { HttpMethod } from "./http-method.ts";
import { checkKnownNames } from "./known-names.ts";
import { previewCall, type Preview } from "./preview.ts";
import { parseRequestArguments } from "./request-arguments.ts";
import { requestToCall, type RequestOptions } from "./request-options.ts";
import { userTokensOf } from "./user-token.ts";
import type { Fetch } from "./vault-options.ts";

/** The ways to make a call. An AlterVault is one, and so is each of its bound views. */
export interface VaultCalls {
  /**
   * Makes one call to a provider through the vault and resolves with the provider's response.
   *
   * Rejects with ProviderAPIError for a provider's 4xx or 5xx (unless `throwOnProviderError` is false), which is
   * ScopeReauthRequiredError where the grant lacks scopes for the call; with the error of the vault's refusal, with NetworkError or TimeoutError, with AlterValueError for wrong arguments, and with the
   * signal's own reason when the caller aborts.
   *
   * @example
   * const response = await vault.request("GET", "https://api.github.com/repos/{owner}/{repo}", {
   *   provider: "github",
   *   pathParams: { owner: "octocat", repo: "hello-world" },
   * });
   */
  request(method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Response>;
  /** The same with the grant as first argument. */
  request(grantId: string, method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Response>;
  /**
   * What the vault would say of a call if it were made now: `allowed`, `approval_required`, `connect_required` or `denied`,
   * for this very caller. Takes what `request()` takes, makes no call, and asks nobody to approve. The vault decides again
   * when the call is made, and only then looks at rate limits.
   *
   * Rejects as `request()` does where the caller itself is not accepted, and with AlterValueError for wrong arguments and
   * for a body that is a stream.
   *
   * @example
   * const { decision } = await vault.preview("POST", "https://api.bank.example/pay", { provider: "bank", json, reason });
   */
  preview(method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Preview>;
  /** The same with the grant as first argument. */
  preview(grantId: string, method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Preview>;
  /** A `fetch` whose calls go through the vault, to hand to a provider's own SDK. */
  fetch(options?: string | FetchOptions): Fetch;
  /** Configuration for a client of the AWS SDK for JavaScript, version 3. The vault signs; the client has no keys. */
  aws(options?: AwsOptions): AwsClientConfig;
  /**
   * Whether the account for a call is connected, with these scopes, and if not, what the user must do: for asking before
   * a long run starts. Needs the scopes `grants:read` and `connect:initiate`. Rejects with AmbiguousGrantError.
   *
   * @example
   * const check = await vault.check({ provider: "google", scopes: ["calendar.readonly"] });
   * if (!check.ok) console.log(check.action.message, check.action.url);
   */
  check(need: ConnectionNeed, options?: ActionOptions): Promise<ConnectionCheck>;
  /**
   * What somebody must do before a call that failed with this error can succeed, with a fresh link for it: connect an
   * account, allow more scopes, approve the call. Null for every other failure. Adapters pause their framework with it.
   */
  actionFor(error: unknown, options?: ActionOptions): Promise<ActionRequired | null>;
  /**
   * Waits until it seems done, so that the call is worth making again; false when the time is up. Needs the scope
   * `grants:read`. Rejects with the signal's own reason.
   */
  waitFor(action: ActionRequired, options?: WaitOptions): Promise<boolean>;
  /** A view whose calls carry these defaults. It shares everything else, closing included. */
  with(defaults: ViewDefaults): VaultCalls;
}

const VIEW_OPTIONS = [
  "grantId",
  "connectionId",
  "provider",
  "account",
  "runId",
  "threadId",
  "toolCallId",
  "context",
  "caller",
  "framework",
  "userToken",
  "signal",
];

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
type Inspect = (value: unknown, options: object) => string;

/** A vault with defaults for each call. What a call itself is given wins over them. */
export class BoundVault implements VaultCalls {
  readonly #core: Core;
  readonly #defaults: CallDefaults;

  constructor(core: Core, defaults: CallDefaults) {
    this.#core = core;
    this.#defaults = defaults;
  }

  request(method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Response>;
  request(grantId: string, method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Response>;
  async request(...args: unknown[]): Promise<Response> {
    return executeCall(this.#core, this.#call(args));
  }

  preview(method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Preview>;
  preview(grantId: string, method: HttpMethod, url: string | URL, options?: RequestOptions): Promise<Preview>;
  async preview(...args: unknown[]): Promise<Preview> {
    return previewCall(this.#core, this.#call(args));
  }

  #call(args: readonly unknown[]): Call {
    const { settings, newRunId } = this.#core;
    return requestToCall(parseRequestArguments(args), settings, this.#defaults, newRunId);
  }

  fetch(options?: string | FetchOptions): Fetch {
    return fetchThrough(this.#core, this.#defaults, options);
  }

  aws(options?: AwsOptions): AwsClientConfig {
    return awsClientConfig(this.#core, this.#defaults, options);
  }

  async check(need: ConnectionNeed, options?: ActionOptions): Promise<ConnectionCheck> {
    return checkConnection(this.#userCore(), need, options);
  }

  async actionFor(error: unknown, options?: ActionOptions): Promise<ActionRequired | null> {
    return actionFor(this.#userCore(), error, options);
  }

  async waitFor(action: ActionRequired, options?: WaitOptions): Promise<boolean> {
    return waitForAction(this.#userCore(), action, options);
  }

  /** The user of the view is the one who is asked to connect. */
  #userCore(): Core {
    const { userToken } = this.#defaults;
    return userToken === undefined ? this.#core : { ...this.#core, users: userTokensOf(userToken, this.#core.users) };
  }

  with(defaults: ViewDefaults): VaultCalls {
    checkKnownNames(defaults, VIEW_OPTIONS);
    return new BoundVault(this.#core, refineDefaults(this.#defaults, defaults));
  }

  /** What may be shown: where the vault is, the public id of the key, and who calls. */
  toJSON(): Record<string, unknown> {
    const { settings, keyId } = this.#core;
    return { baseUrl: settings.baseUrl.origin, keyId, mode: settings.mode, caller: { ...this.#defaults.caller } };
  }

  static {
    hide(this.prototype, INSPECT, function (this: BoundVault, _depth: number, options: object, inspect: Inspect) {
      return `AlterVault ${inspect(this.toJSON(), options)}`;
    });
  }
}
