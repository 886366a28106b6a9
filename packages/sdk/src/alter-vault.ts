/**
 * The vault as a program sees it. Calls go to the vault, which finds the credential, checks the rules, puts the
 * credential in, sends the call, and writes down what happened. The program gets the provider's answer.
 *
 * The SDK trusts the vault it is pointed at and nothing else. It refuses wrong options before anything is sent, speaks
 * clear text to nobody but this machine, and keeps its key where neither printing nor serializing reaches.
 */
import type { GrantData } from "@alter-vault/protocol";
import { BoundVault } from "./bound-vault.ts";
import type { RouteOptions } from "./call-route.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { connectDevice, type ConnectDeviceOptions } from "./connect-device.ts";
import { createConnectSessionForError, type ConnectForErrorOptions } from "./connect-for-error.ts";
import type { ConnectResult } from "./connect-result.ts";
import {
  createConnectSession,
  pollConnectSession,
  type ConnectSession,
  type ConnectSessionOptions,
  type ConnectSessionState,
} from "./connect-session.ts";
import { createCore, type Core } from "./core.ts";
import { getGrantData, setGrantData } from "./grant-data.ts";
import type { GrantInfo } from "./grant-info.ts";
import {
  createManagedSecretGrant,
  getGrant,
  iterateGrants,
  listGrants,
  refreshGrant,
  whoami,
  type ConnectionListResult,
  type CreateManagedSecretGrantOptions,
  type GrantListResult,
  type GrantsOptions,
  type ListGrantsOptions,
  type WhoAmIResult,
} from "./grants.ts";
import { createOAuthProviders, type OAuthProviders } from "./oauth-providers.ts";
import {
  disconnectGrant,
  revokeGrant,
  revokeGrants,
  type RevokeGrantOptions,
  type RevokeGrantResult,
  type RevokeGrantsFilter,
  type RevokeGrantsResult,
} from "./revoke-grants.ts";
import type { AlterVaultOptions } from "./vault-options.ts";

/**
 * Makes API calls through the vault without ever holding a credential.
 *
 * One instance for each agent: the caller it is made with goes into the audit log with every call.
 *
 * @example
 * const vault = new AlterVault({ apiKey, caller: "mail-agent" });
 * const response = await vault.request("GET", "https://api.github.com/user", { provider: "github" });
 */
export class AlterVault extends BoundVault {
  readonly #core: Core;
  readonly #oauthProviders: OAuthProviders;

  /** Throws AlterValueError for the first option that is wrong, and says what to do. Nothing is sent. */
  constructor(options: AlterVaultOptions) {
    const core = createCore(options);
    super(core, { credential: undefined, context: {}, caller: core.settings.caller, signal: undefined });
    this.#core = core;
    this.#oauthProviders = createOAuthProviders(core);
  }

  /** What users can connect: the catalogue, and what the operator has set up. Needs the scope `providers:read`. */
  get oauthProviders(): OAuthProviders {
    return this.#oauthProviders;
  }

  /**
   * A link by which a user connects an account, for an app with a front end. Needs the scope `connect:initiate`, like
   * everything about connecting. Rejects with ConnectConfigError when a provider, scope, origin or return URL is not set
   * up, by `code`.
   *
   * @example
   * const { sessionToken } = await vault.createConnectSession({ allowedProviders: ["google"] });
   */
  async createConnectSession(options?: ConnectSessionOptions): Promise<ConnectSession> {
    return createConnectSession(this.#core, options);
  }

  /** How a session stands. Resolves for sessions that failed, too: look at `status`. */
  async pollConnectSession(sessionToken: string, options?: RouteOptions): Promise<ConnectSessionState> {
    return pollConnectSession(this.#core, sessionToken, options);
  }

  /**
   * The session that mends an error: the same grant again where that is possible, the error's provider, the missing
   * scopes. Takes ReAuthRequiredError and its kinds, GrantNotFoundError and ScopeReauthRequiredError; throws
   * AlterValueError for every other, and where the error says too little.
   *
   * @example
   * const { connectUrl } = await vault.createConnectSessionForError(error, { returnUrl });
   */
  async createConnectSessionForError(error: unknown, options?: ConnectForErrorOptions): Promise<ConnectSession> {
    return createConnectSessionForError(this.#core, error, options);
  }

  /**
   * Opens the browser of this machine, waits until the user has connected, and resolves with one result for each
   * provider. For command lines, notebooks and scripts.
   *
   * Rejects with ConnectDeniedError, ConnectConfigError, ConnectTimeoutError, ConnectFlowError for everything else that
   * went wrong on the way, and with the signal's own reason. A vault that is away for a while does not end it.
   *
   * @example
   * const [account] = await vault.connect({ providers: ["google"] });
   */
  async connect(options?: ConnectOptions): Promise<readonly ConnectResult[]> {
    return connect(this.#core, options);
  }

  /**
   * {@link connect} where there is no browser: the user enters a code on another device. Only some providers have this.
   * Rejects as `connect()` does.
   */
  async connectDevice(options: ConnectDeviceOptions): Promise<readonly ConnectResult[]> {
    return connectDevice(this.#core, options);
  }

  /** One page of the app's grants. Needs the scope `grants:read`. */
  async listGrants(options?: ListGrantsOptions): Promise<GrantListResult> {
    return listGrants(this.#core, options);
  }

  /** {@link listGrants} under its older name. */
  async listConnections(options?: ListGrantsOptions): Promise<ConnectionListResult> {
    const { grants, ...page } = await listGrants(this.#core, options);
    return { connections: grants, ...page };
  }

  /**
   * Every grant of the app, over all pages. Needs the scope `grants:read`.
   *
   * @example
   * for await (const grant of vault.grants({ providerId: "github" })) console.log(grant.grantId, grant.status);
   */
  grants(options?: GrantsOptions): AsyncGenerator<GrantInfo, void, void> {
    return iterateGrants(this.#core, options);
  }

  /** One grant. Needs the scope `grants:read`. Rejects with GrantNotFoundError when the app has no such grant. */
  async getGrant(grantId: string, options?: RouteOptions): Promise<GrantInfo> {
    return getGrant(this.#core, grantId, options);
  }

  /**
   * Ends a grant, at the provider too, and forgets its credential. A user who connects the account again revives it
   * under the same id. Needs the scope `grants:write`. Rejects with GrantNotFoundError when the app has no such grant.
   */
  async revokeGrant(grantId: string, options?: RevokeGrantOptions): Promise<RevokeGrantResult> {
    return revokeGrant(this.#core, grantId, options);
  }

  /** {@link revokeGrant} for good: connecting the account again makes a grant with a new id. */
  async disconnectGrant(grantId: string, options?: RevokeGrantOptions): Promise<RevokeGrantResult> {
    return disconnectGrant(this.#core, grantId, options);
  }

  /**
   * Revokes all grants that match, here and at their providers; for incidents. Needs the scope `secrets:write`, which
   * keys for programs do not have unless they are made with it.
   */
  async revokeGrants(filter: RevokeGrantsFilter): Promise<RevokeGrantsResult> {
    return revokeGrants(this.#core, filter);
  }

  /**
   * Refreshes the credential of a grant now. The vault does so by itself in time; this is for seeing whether it works.
   * Needs the scope `grants:write`. Rejects with ReAuthRequiredError when the user must connect again, and with
   * BackendError `token_refresh_failed` (retryable) or `refresh_not_supported`.
   */
  async refreshGrant(grantId: string, options?: RouteOptions): Promise<GrantInfo> {
    return refreshGrant(this.#core, grantId, options);
  }

  /** The data kept with a grant. Needs the scope `grants:read`. */
  async getGrantData(grantId: string, options?: RouteOptions): Promise<GrantData> {
    return getGrantData(this.#core, grantId, options);
  }

  /**
   * Replaces the data kept with a grant and resolves with it. Needs the scope `grants:write`. Rejects with BackendError
   * `grant_data_invalid` when it does not fit the schema of the provider's configuration.
   */
  async setGrantData(grantId: string, data: GrantData, options?: RouteOptions): Promise<GrantData> {
    return setGrantData(this.#core, grantId, data, options);
  }

  /** Issues one more grant for a managed secret. Needs the scope `grants:write`. */
  async createManagedSecretGrant(secretId: string, options: CreateManagedSecretGrantOptions): Promise<GrantInfo> {
    return createManagedSecretGrant(this.#core, secretId, options);
  }

  /** The app and the scopes of the key. A cheap way to see that address, key and clock are right. */
  async whoami(options?: RouteOptions): Promise<WhoAmIResult> {
    return whoami(this.#core, options);
  }

  /**
   * From now on every call, also of views and of functions from `fetch()` and `aws()`, rejects with AlterSDKError
   * (`code` is `closed`). Calls that are under way finish. Closing twice does nothing.
   */
  async close(): Promise<void> {
    this.#core.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
