import type { Provider } from "./schema.ts";

const HEAD = "// Made from data/*.yaml by scripts/generate.ts. Do not edit.\n";

/** The source of `catalogue.generated.ts`: one line of JSON for each entry, with all defaults filled in. */
export function catalogueSource(providers: readonly Provider[]): string {
  const lines = providers.map((provider) => `  ${literal(JSON.stringify(provider))},\n`);
  return `${HEAD}
/** The entries as JSON, in the order of ProviderId. Texts, so that a program pays only for those it asks for. */
export const CATALOGUE: readonly string[] = [\n${lines.join("")}];\n`;
}

/** The source of `provider-id.generated.ts`: one constant for each entry. `cal-com` is `CAL_COM`. */
export function providerIdSource(providers: readonly Provider[]): string {
  return constantsSource("ProviderId", providers);
}

/** The source of `provider.generated.ts` of the SDK, which does not depend on the catalogue: the same as `Provider`. */
export function sdkProviderSource(providers: readonly Provider[]): string {
  return constantsSource("Provider", providers);
}

function constantsSource(name: string, providers: readonly Provider[]): string {
  const lines = providers.map(({ id }) => `  ${constantName(id)}: ${JSON.stringify(id)},\n`);
  return `${HEAD}
/** The providers that have an entry in the catalogue. Any other provider id works as a plain string. */
export const ${name} = {\n${lines.join("")}} as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];\n`;
}

function constantName(id: string): string {
  const name = id.toUpperCase().replaceAll("-", "_");
  return /^\d/.test(name) ? `_${name}` : name;
}

/** In single quotes, as the formatter writes a text that is full of double ones. */
function literal(text: string): string {
  return `'${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", String.raw`\'`)}'`;
}
