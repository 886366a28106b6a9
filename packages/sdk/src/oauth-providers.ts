import { ProviderInfo, ProviderList } from "@alter-vault/protocol";
import { checkText } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";

/** A provider of the catalogue, as seen from the app. */
export interface OAuthProviderInfo {
  /** What `provider` of a call takes. */
  readonly providerId: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly kind: string;
  readonly status: ProviderInfo["status"];
  /** `catalogue`: ships with the vault. `custom`: added for this app. */
  readonly source: ProviderInfo["source"];
  /** How far the entry was compared with the provider's documentation, and when. */
  readonly verified: ProviderInfo["verified"];
  readonly verifiedOn: string;
  /** The operator has set it up, so that users can connect it. */
  readonly configured: boolean;
  readonly variables: ProviderInfo["variables"];
  readonly scopes: ProviderInfo["scopes"];
  readonly operations: ProviderInfo["operations"];
  /** What the paths of operations begin with. May hold variables: `https://{host}/api`. */
  readonly apiBaseUrl: string;
  readonly apiHosts: readonly string[];
  readonly docsUrl: string;
  /** Where an app is registered. */
  readonly consoleUrl: string | null;
  readonly notes: readonly string[];
}

export interface ListProvidersOptions extends RouteOptions {
  /** True: only those that users can connect. False: only the others. */
  readonly configured?: boolean | undefined;
  /** Asks the vault even when the list is less than five minutes old. Default: false. */
  readonly forceRefresh?: boolean | undefined;
}

export interface OAuthProviders {
  /** The catalogue. It is kept for five minutes. Needs the scope `providers:read`. */
  list(options?: ListProvidersOptions): Promise<readonly OAuthProviderInfo[]>;
  /** One provider, always asked anew. Rejects with BackendError `provider_not_found`. */
  get(providerId: string, options?: RouteOptions): Promise<OAuthProviderInfo>;
}

const KEPT_FOR_MS = 5 * 60_000;

export function createOAuthProviders(core: Core): OAuthProviders {
  let kept: { readonly providers: readonly OAuthProviderInfo[]; readonly at: number } | undefined;

  async function all(forceRefresh: boolean, route: RouteOptions): Promise<readonly OAuthProviderInfo[]> {
    core.assertOpen();
    const now = core.platform.now();
    if (kept !== undefined && !forceRefresh && now - kept.at < KEPT_FOR_MS) return kept.providers;
    const answer = await callRoute(core, "listProviders", { ...route, answer: ProviderList });
    kept = { providers: answer.providers.map(providerInfo), at: now };
    return kept.providers;
  }

  return {
    async list(options = {}) {
      checkKnownNames(options, ["configured", "forceRefresh", ...ROUTE_OPTION_NAMES]);
      const { configured, forceRefresh = false, ...route } = options;
      const providers = await all(forceRefresh, route);
      return providers.filter((provider) => configured === undefined || provider.configured === configured);
    },
    async get(providerId, options = {}) {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      const pathParam = checkText("providerId", providerId, 100);
      return providerInfo(await callRoute(core, "getProvider", { ...options, pathParam, answer: ProviderInfo }));
    },
  };
}

function providerInfo(provider: ProviderInfo): OAuthProviderInfo {
  const { provider_id, verified_on, api_base_url, api_hosts, docs_url, console_url, ...same } = provider;
  return {
    ...same,
    providerId: provider_id,
    verifiedOn: verified_on,
    apiBaseUrl: api_base_url,
    apiHosts: api_hosts,
    docsUrl: docs_url,
    consoleUrl: console_url,
  };
}
