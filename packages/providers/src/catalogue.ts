import { CATALOGUE } from "./catalogue.generated.ts";
import { ProviderId } from "./provider-id.generated.ts";
import type { Provider } from "./schema.ts";

const read = new Map<string, Provider>();

/** The ids of all entries, in order. */
export const PROVIDER_IDS: readonly string[] = Object.values(ProviderId);

const texts: ReadonlyMap<string, string> = new Map(PROVIDER_IDS.map((id, index) => [id, CATALOGUE[index] ?? ""]));

/** The entry with this id (not: alias), or nothing. The same frozen object each time. */
export function findProvider(id: string): Provider | undefined {
  const known = read.get(id);
  if (known) return known;
  const text = texts.get(id);
  if (text === undefined) return undefined;
  // Was checked when it was generated, and a test holds it equal to the files.
  const provider = deepFreeze(JSON.parse(text) as Provider);
  read.set(id, provider);
  return provider;
}

/** The id behind an id or an alias (`gmail` -> `google`), or nothing. Reads the whole catalogue once. */
export function resolveProviderId(idOrAlias: string): string | undefined {
  if (texts.has(idOrAlias)) return idOrAlias;
  return PROVIDER_IDS.find((id) => findProvider(id)?.aliases.includes(idOrAlias));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
