/**
 * The vault as a program sees it. Calls go to the vault, which finds the credential, checks the rules, puts the
 * credential in, sends the call, and writes down what happened. The program gets the provider's answer.
 *
 * The SDK trusts the vault it is pointed at and nothing else. It refuses wrong options before anything is sent, speaks
 * clear text to nobody but this machine, and keeps its key where neither printing nor serializing reaches.
 */
import { createCore, type Core } from "./core.ts";
import { createOAuthProviders, type OAuthProviders } from "./oauth-providers.ts";
import { revokeGrants, type RevokeGrantsFilter, type RevokeGrantsResult } from "./revoke-grants.ts";
import type { AlterVaultOptions } from "./vault-options.ts";
import { VaultView } from "./vault-view.ts";

/**
 * Makes API calls through the vault without ever holding a credential.
 *
 * One instance for each agent: the caller it is made with goes into the audit log with every call.
 *
 * @example
 * const vault = new AlterVault({ apiKey, caller: "mail-agent" });
 * const response = await vault.request("GET", "https://api.github.com/user", { provider: "github" });
 */
export class AlterVault extends VaultView {
  readonly #core: Core;
  readonly #oauthProviders: OAuthProviders;

  /** Throws AlterValueError for the first option that is wrong, and says what to do. Nothing is sent. */
  constructor(options: AlterVaultOptions) {
    const core = createCore(options);
    super(core, {
      credential: undefined,
      context: {},
      caller: core.settings.caller,
      userToken: undefined,
      signal: undefined,
    });
    this.#core = core;
    this.#oauthProviders = createOAuthProviders(core);
  }

  /** What users can connect: the catalogue, and what the operator has set up. Needs the scope `providers:read`. */
  get oauthProviders(): OAuthProviders {
    return this.#oauthProviders;
  }

  /**
   * Revokes all grants that match, here and at their providers; for incidents. Needs the scope `secrets:write`, which
   * keys for programs do not have unless they are made with it.
   */
  async revokeGrants(filter: RevokeGrantsFilter): Promise<RevokeGrantsResult> {
    return revokeGrants(this.#core, filter);
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
