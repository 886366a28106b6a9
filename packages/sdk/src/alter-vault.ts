/**
 * The vault as a program sees it. Calls go to the vault, which finds the credential, checks the rules, puts the
 * credential in, sends the call, and writes down what happened. The program gets the provider's answer.
 *
 * The SDK trusts the vault it is pointed at and nothing else. It refuses wrong options before anything is sent, speaks
 * clear text to nobody but this machine, and keeps its key where neither printing nor serializing reaches.
 */
import { BoundVault } from "./bound-vault.ts";
import { createCore, type Core } from "./core.ts";
import {
  createManagedSecretGrant,
  listGrants,
  revokeGrant,
  whoami,
  type ConnectionListResult,
  type CreateManagedSecretGrantOptions,
  type GrantListResult,
  type ListGrantsOptions,
  type RevokeGrantOptions,
  type RevokeGrantResult,
  type WhoAmIResult,
} from "./grants.ts";
import type { GrantInfo } from "./grant-info.ts";
import type { RouteOptions } from "./call-route.ts";
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

  /** Throws AlterValueError for the first option that is wrong, and says what to do. Nothing is sent. */
  constructor(options: AlterVaultOptions) {
    const core = createCore(options);
    super(core, { credential: undefined, context: {}, caller: core.settings.caller, signal: undefined });
    this.#core = core;
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
   * Ends a grant for good. Needs the scope `grants:write`. Rejects with GrantNotFoundError when there is no such grant
   * in this app.
   */
  async revokeGrant(grantId: string, options?: RevokeGrantOptions): Promise<RevokeGrantResult> {
    return revokeGrant(this.#core, grantId, options);
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
