/**
 * The vault as a program sees it. Calls go to the vault, which finds the credential, checks the rules, puts the
 * credential in, sends the call, and writes down what happened. The program gets the provider's answer.
 *
 * The SDK trusts the vault it is pointed at and nothing else. It refuses wrong options before anything is sent, speaks
 * clear text to nobody but this machine, and keeps its key where neither printing nor serializing reaches.
 */
import { createAgents, type Agents } from "./agents.ts";
import { createKeys, type Keys } from "./api-keys.ts";
import { listAudit, type AuditListResult, type ListAuditOptions } from "./audit-log.ts";
import type { RouteOptions } from "./call-route.ts";
import { withContext, type CallContext } from "./context.ts";
import { createCore, type Core } from "./core.ts";
import { me, type MeResult } from "./me.ts";
import { createOAuthProviders, type OAuthProviders } from "./oauth-providers.ts";
import { revokeGrants, type RevokeGrantsFilter, type RevokeGrantsResult } from "./revoke-grants.ts";
import type { AlterVaultOptions } from "./vault-options.ts";
import { authenticate, type AuthenticateOptions, type AuthResult } from "./sign-in/authenticate.ts";
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
  readonly #agents: Agents;
  readonly #keys: Keys;

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
    this.#agents = createAgents(core);
    this.#keys = createKeys(core);
  }

  /** What users can connect: the catalogue, and what the operator has set up. Needs the scope `providers:read`. */
  get oauthProviders(): OAuthProviders {
    return this.#oauthProviders;
  }

  /** Registered agents, and their keys. Needs the scopes `agents:read` and `agents:write`. */
  get agents(): Agents {
    return this.#agents;
  }

  /** Replaces and ends keys. Needs the scope `keys:write`. */
  get keys(): Keys {
    return this.#keys;
  }

  /**
   * Signs in the person at this machine, in their browser, with the app's identity provider. From then on every call is
   * made for them, before `userTokenGetter`, and the token is refreshed as long as the issuer allows. For command lines,
   * notebooks and scripts on Node.
   *
   * Asks the vault for the client to sign in with, which needs the scope `identity:read`, unless `issuer` and `clientId`
   * are given. Rejects with ConnectDeniedError, ConnectConfigError, ConnectTimeoutError, ConnectFlowError for everything
   * else on the way, with UserTokenError when the vault does not accept the user, and with the signal's own reason.
   *
   * @example
   * const { userInfo } = await vault.authenticate();
   */
  async authenticate(options?: AuthenticateOptions): Promise<AuthResult> {
    return authenticate(this.#core, options);
  }

  /**
   * The agent whose key this is. It answers also while the agent is paused. Rejects with AgentKeyRequiredError for a key
   * of the app.
   */
  async me(options?: RouteOptions): Promise<MeResult> {
    return me(this.#core, options);
  }

  /**
   * Runs `body` so that every call made inside it, however deep, carries these ids into the audit log. It is
   * `withContext()`, which says more.
   *
   * @example
   * await agent.trace({ runId, threadId }, () => graph.invoke(input));
   */
  trace<Result>(context: CallContext, body: () => Result): Result {
    return withContext(context, body);
  }

  /** One page of the app's audit log, newest first. Needs the scope `audit:read`. */
  async listAudit(options?: ListAuditOptions): Promise<AuditListResult> {
    return listAudit(this.#core, options);
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
