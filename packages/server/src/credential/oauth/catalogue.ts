import { findProvider, Provider, PROVIDER_IDS, resolveProviderId } from "@alter-vault/providers";
import type { ProviderStore } from "../../store/provider-records.ts";

/**
 * The catalogue as one app sees it: the entries that ship with the vault, and those the app has added. The app's own are
 * read by the schema again each time they come out of the store: one that no longer fits is no entry.
 */
type Entries = Pick<ProviderStore, "findCustomProvider" | "listCustomProviders">;

/**
 * The entry behind an id or an alias, or null. The app's own entry of that very id comes first, then the catalogue, then
 * aliases of the app's own: what a later version of the vault adds takes nothing away from an app.
 */
export async function findEntry(store: Entries, appId: string, idOrAlias: string): Promise<Provider | null> {
  const own = await store.findCustomProvider(appId, idOrAlias);
  const read = own && readDefinition(own.definition);
  if (read) return read;
  const shipped = findProvider(resolveProviderId(idOrAlias) ?? "");
  if (shipped) return shipped;
  return (await listOwn(store, appId)).find(({ aliases }) => aliases.includes(idOrAlias)) ?? null;
}

/** All entries of an app, in the order of their ids. */
export async function listEntries(store: Entries, appId: string): Promise<Provider[]> {
  const own = await listOwn(store, appId);
  const ids = new Set(own.map(({ id }) => id));
  const shipped = PROVIDER_IDS.filter((id) => !ids.has(id)).flatMap((id) => findProvider(id) ?? []);
  return [...own, ...shipped].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Whether an entry was added for an app; the others ship with the vault. */
export function isCustomEntry(provider: Provider): boolean {
  return findProvider(provider.id) !== provider;
}

async function listOwn(store: Entries, appId: string): Promise<Provider[]> {
  return (await store.listCustomProviders(appId)).flatMap(({ definition }) => readDefinition(definition) ?? []);
}

/** Reading an entry costs more than a call may; the same text is the same entry. */
const MOST_KEPT = 100;
const kept = new Map<string, Provider>();

function readDefinition(definition: string): Provider | null {
  const known = kept.get(definition);
  if (known) return known;
  const parsed = Provider.safeParse(JSON.parse(definition));
  if (!parsed.success) return null;
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(definition, parsed.data);
  return parsed.data;
}
