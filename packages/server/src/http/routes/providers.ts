import { lintProvider, resolveProviderId, type Provider } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { findEntry, isCustomEntry, listEntries } from "../../credential/oauth/catalogue.ts";
import { withinTime } from "../../time-limit.ts";
import { showProvider } from "./provider-info.ts";
import type { RouteDeps } from "./routes.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";

type Ids = "listProviders" | "getProvider" | "addProvider" | "removeProvider";

/** The catalogue of the acting app: what ships with the vault, and entries of the app's own. */
export function providerRoutes({ store, clock }: Pick<RouteDeps, "store" | "clock">): RouteHandlers<Ids> {
  return {
    listProviders: ({ caller, query }) =>
      reads(async () => {
        const configs = await store.listProviderConfigs(caller.appId);
        const configured = new Set(configs.map(({ provider }) => provider));
        const providers = (await listEntries(store, caller.appId))
          .map((provider) => showProvider(provider, configured.has(provider.id)))
          .filter((info) => query.configured === undefined || String(info.configured) === query.configured);
        return { providers };
      }),

    getProvider: ({ caller, id }) =>
      reads(async () => {
        const provider = await findEntry(store, caller.appId, id);
        if (!provider) return providerNotFound(id);
        return showProvider(provider, (await store.findProviderConfig(caller.appId, provider.id)) !== null);
      }),

    addProvider: async ({ caller, body }) => {
      const read = readDefinition(body.definition);
      if (!read.ok) return read;
      const { provider } = read;
      const taken = await whoTook(store, caller.appId, provider);
      if (taken) return taken;
      return {
        ok: true,
        facts: { provider: provider.id },
        run: async () => {
          const definition = JSON.stringify(provider);
          await store.putCustomProvider({
            appId: caller.appId,
            provider: provider.id,
            definition,
            createdAt: clock.now(),
          });
          const configured = (await store.findProviderConfig(caller.appId, provider.id)) !== null;
          return { ok: true, body: showProvider(provider, configured) };
        },
      };
    },

    removeProvider: async ({ caller, id }) => {
      const provider = await findEntry(store, caller.appId, id);
      const own = provider && (await store.findCustomProvider(caller.appId, provider.id));
      if (!own) {
        const detail = provider ? `${provider.id} ships with the vault and stays` : `there is no provider ${id}`;
        return { ...providerNotFound(id), detail };
      }
      const used = await whatUses(store, caller.appId, provider.id);
      if (used) return used;
      return {
        ok: true,
        facts: { provider: provider.id },
        run: async () => {
          await store.deleteCustomProvider(caller.appId, provider.id);
          return { ok: true, body: showProvider(provider, false) };
        },
      };
    },
  };
}

export function providerNotFound(id: string): Failure {
  return {
    ok: false,
    code: "provider_not_found",
    detail: `there is no provider ${id}`,
    details: { provider_id: id },
  };
}

/** An entry may hold patterns that never end; they are tried on its examples. */
const LINT_MS = 2_000;
const MOST_ISSUES = 100;

function readDefinition(text: string): { readonly ok: true; readonly provider: Provider } | Failure {
  const linted = withinTime(LINT_MS, () => lintProvider(text));
  if (!linted.ok) {
    return invalid("provider_invalid", [{ path: "/variables", message: "a pattern takes too long; simplify it" }]);
  }
  if (linted.value.ok) return linted.value;
  const issues = linted.value.issues.slice(0, MOST_ISSUES).map(({ path, message, fix, line }) => ({
    path,
    message: `${line === undefined ? "" : `line ${line}: `}${message}; ${fix}`,
  }));
  return invalid("provider_invalid", issues);
}

/**
 * An id means one entry. The catalogue's come first, so that an app's own entry never stands for a provider that people
 * know; only an entry that was there before the catalogue had its id may be replaced.
 */
async function whoTook(store: RouteDeps["store"], appId: string, provider: Provider): Promise<Failure | null> {
  const own = (await listOwn(store, appId)).filter(({ id }) => id !== provider.id);
  const replaces = (await store.findCustomProvider(appId, provider.id)) !== null;
  const issues = [provider.id, ...provider.aliases].flatMap((name, index) => {
    const path = index === 0 ? "/id" : `/aliases/${index - 1}`;
    const shipped = index === 0 && replaces ? undefined : resolveProviderId(name);
    const other = shipped ?? own.find(({ id, aliases }) => id === name || aliases.includes(name))?.id;
    if (other === undefined) return [];
    const whose = shipped === undefined ? "another entry of this app" : "the catalogue";
    return [{ path, message: `${name} means ${other} of ${whose}; choose another name` }];
  });
  return issues.length > 0 ? invalid("conflict", issues) : null;
}

async function listOwn(store: RouteDeps["store"], appId: string): Promise<Provider[]> {
  return (await listEntries(store, appId)).filter(isCustomEntry);
}

async function whatUses(store: RouteDeps["store"], appId: string, provider: string): Promise<Failure | null> {
  const details = { provider_id: provider };
  if (await store.findProviderConfig(appId, provider)) {
    const detail = `${provider} is configured; run \`alter-vault providers unconfigure ${provider}\` first`;
    return { ok: false, code: "conflict", detail, details };
  }
  const [grant] = await store.findOAuthGrants(appId, { provider }, "", 1);
  if (!grant) return null;
  const detail = `accounts are connected with ${provider}; run \`alter-vault grants revoke --provider ${provider}\` first`;
  return { ok: false, code: "conflict", detail, details: { ...details, grant_id: grant.id } };
}
