import type { Failure } from "../../call.ts";
import type { RandomBytes } from "../../random.ts";
import type { Store } from "../../store/store.ts";
import { begin } from "./begin.ts";
import { findEntry } from "./catalogue.ts";
import type { ConnectDeps } from "./connect-account.ts";
import { pollDevice, startDevice } from "./device.ts";
import type { ConnectableProvider, OAuthEngine } from "./engine.ts";
import { finish } from "./finish.ts";
import { openProviderClient, type ProviderClient } from "./provider-client.ts";

export interface EngineDeps extends ConnectDeps {
  readonly store: Store;
  readonly random: RandomBytes;
  readonly allowLoopback: boolean;
}

export function createOAuthEngine(deps: EngineDeps): OAuthEngine {
  async function withClient<T>(
    { appId, providerId }: { readonly appId: string; readonly providerId: string },
    work: (client: ProviderClient) => Promise<T>,
  ): Promise<T | Failure> {
    const opening = await openProviderClient(deps, appId, providerId);
    return opening.ok ? work(opening.client) : opening;
  }

  return {
    async connectable(appId) {
      const configs = await deps.store.listProviderConfigs(appId);
      const found = await Promise.all(
        configs.map(async (config): Promise<ConnectableProvider | null> => {
          const provider = await findEntry(deps.store, appId, config.provider);
          return provider?.authorize ? { provider, config } : null;
        }),
      );
      return found.filter((one) => one !== null);
    },
    begin: (request) => withClient(request, (client) => begin(deps, client, request)),
    finish: (request) => withClient(request, (client) => finish(deps, client, request)),
    startDevice: (request) => withClient(request, (client) => startDevice(deps, client, request)),
    pollDevice: (request) => withClient(request, (client) => pollDevice(deps, client, request)),
  };
}
