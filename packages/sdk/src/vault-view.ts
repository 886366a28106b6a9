import type { GrantData } from "@alter-vault/protocol";
import {
  awaitApproval,
  getApprovalStatus,
  type ApprovalRef,
  type ApprovalResult,
  type ApprovalStatus,
  type AwaitApprovalOptions,
} from "./approvals.ts";
import { BoundVault } from "./bound-vault.ts";
import type { CallDefaults } from "./call-defaults.ts";
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
import type { Core } from "./core.ts";
import { getGrantData, setGrantData } from "./grant-data.ts";
import { AlterValueError } from "./errors.ts";
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
import { disconnectGrant, revokeGrant, type RevokeGrantOptions, type RevokeGrantResult } from "./revoke-grants.ts";
import { createDelegations, type Delegations } from "./delegations.ts";
import { resolveIdentity, verifyUserToken, type ResolvedIdentity, type VerifiedUser } from "./identity.ts";
import {
  createVaultSession,
  revokeVaultSession,
  type VaultSession,
  type VaultSessionOptions,
} from "./vault-session.ts";
import { checkUserToken, userTokensOf, type UserToken } from "./user-token.ts";

/**
 * What one end user, or the app itself, can do with a vault: make calls, connect accounts, see and end grants, let agents
 * use them. An AlterVault is one, and so is each `withUser()` of it.
 */
export class VaultView extends BoundVault {
  readonly #core: Core;
  readonly #defaults: CallDefaults;
  readonly #delegations: Delegations;

  constructor(core: Core, defaults: CallDefaults) {
    super(core, defaults);
    this.#core = core;
    this.#defaults = defaults;
    this.#delegations = createDelegations(core);
  }

  /**
   * The same for one end user: every call and every question carries their token, or what the function gives. It shares
   * everything else, closing included. With null it is for the app itself, whatever else is set up.
   *
   * @example
   * const { grants } = await vault.withUser(request.session.idToken).listGrants();
   */
  withUser(userToken: UserToken): VaultView {
    const source = checkUserToken("userToken", userToken);
    if (source === undefined) {
      throw new AlterValueError("withUser() needs the token of an end user, or null for calls without one.");
    }
    return new VaultView({ ...this.#core, users: userTokensOf(source, this.#core.users) }, this.#defaults);
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

  /**
   * How the approval of a call stands, by its id or by the ApprovalRequiredError. It never holds the provider's answer,
   * and is there only for whoever asked: the same key, and the same user.
   */
  async getApprovalStatus(approval: ApprovalRef, options?: RouteOptions): Promise<ApprovalStatus> {
    return getApprovalStatus(this.#core, approval, options);
  }

  /**
   * Waits until a call was approved and the vault has made it, and resolves with the provider's answer, which is handed
   * out once. Making the same call again gives it, too.
   *
   * Rejects with ApprovalDeniedError, ApprovalExpiredError, ApprovalExecutionFailedError, with ApprovalTimeoutError when
   * the program does not want to wait any longer, and with the signal's own reason.
   *
   * @example
   * const { statusCode } = await vault.awaitApproval(error);
   */
  async awaitApproval(approval: ApprovalRef, options?: AwaitApprovalOptions): Promise<ApprovalResult> {
    return awaitApproval(this.#core, approval, options);
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

  /**
   * Issues one more grant for a managed secret, on behalf of one user, a group, an agent, or nobody in particular. Needs
   * the scope `grants:write`.
   */
  async createManagedSecretGrant(secretId: string, options: CreateManagedSecretGrantOptions): Promise<GrantInfo> {
    return createManagedSecretGrant(this.#core, secretId, options);
  }

  /** Which agents may use which grants of the user. */
  get delegations(): Delegations {
    return this.#delegations;
  }

  /**
   * Who asks, as the vault sees it: the user of the token, the agent of the key. Rejects with UserTokenError for a token
   * that is not accepted, and for a user who is suspended or deleted.
   *
   * @example
   * const { userId, groups } = await vault.resolveIdentity({ userToken });
   */
  async resolveIdentity(options?: RouteOptions): Promise<ResolvedIdentity> {
    return resolveIdentity(this.#core, options);
  }

  /**
   * The active user a token (or a vault session) is about, or null for anything that is no token of one. For tokens that
   * come from clients. Rejects only when the vault cannot be asked.
   */
  async verifyUserToken(token: string, options?: Omit<RouteOptions, "userToken">): Promise<VerifiedUser | null> {
    return verifyUserToken(this.#core, token, options);
  }

  /**
   * A short-lived stand-in for the user's token, which can do less. Pass its `sessionToken` wherever a user token goes;
   * a session made with one can only be narrower, and ends with it. Needs the scope `sessions:write`. Rejects with
   * UserTokenError without a user, and with BackendError `session_too_wide`.
   *
   * @example
   * const { sessionToken } = await vault.createVaultSession({ userToken, providers: ["github"], expiresInSeconds: 300 });
   */
  async createVaultSession(options?: VaultSessionOptions): Promise<VaultSession> {
    return createVaultSession(this.#core, options);
  }

  /** Ends a session and all that were made from it. Needs the scope `sessions:write`. */
  async revokeVaultSession(
    sessionId: string,
    options?: RouteOptions,
  ): Promise<{ readonly sessionId: string; readonly revokedAt: string }> {
    return revokeVaultSession(this.#core, sessionId, options);
  }

  /** The app and the scopes of the key. A cheap way to see that address, key and clock are right. */
  async whoami(options?: RouteOptions): Promise<WhoAmIResult> {
    return whoami(this.#core, options);
  }
}
