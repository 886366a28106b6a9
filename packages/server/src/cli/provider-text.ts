import type { ProviderInfo } from "@alter-vault/protocol";
import { fields, table } from "./table.ts";

/** A provider in words, for whoever configures it. */
export function providerFields(provider: ProviderInfo): string {
  return fields({
    provider: provider.provider_id,
    name: provider.name,
    description: provider.description,
    kind: provider.kind,
    source: provider.source,
    verified: `${provider.verified}, on ${provider.verified_on}`,
    configured: provider.configured,
    "API hosts": provider.api_hosts,
    documentation: provider.docs_url,
    console: provider.console_url,
  });
}

/** What may be given, what may be asked for, and what one should know. */
export function providerTables({ variables, scopes, notes }: ProviderInfo): string {
  const ofPeople = variables.filter(({ from }) => from === "operator" || from === "user");
  const given = ofPeople.map(({ name, from, required, default: usual, example, label }) => [
    name,
    from,
    required,
    usual,
    example,
    label,
  ]);
  const asked = scopes.map(({ id, access, sensitive, description }) => [id, access, sensitive, description]);
  return [
    given.length > 0 ? `\n${table(["VARIABLE", "FROM", "REQUIRED", "DEFAULT", "EXAMPLE", "WHAT"], given)}` : "",
    asked.length > 0 ? `\n${table(["SCOPE", "ACCESS", "SENSITIVE", "WHAT"], asked)}` : "",
    notes.length > 0
      ? `\n${table(
          ["NOTES"],
          notes.map((note) => [note]),
        )}`
      : "",
  ].join("");
}
