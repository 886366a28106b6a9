import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import type { Provider } from "@alter-vault/providers";
import type { Tokens } from "./tokens.ts";

/** How the entry wants its token in a call, in the words of managed secrets. */
export function tokenInjection(
  { api }: Provider,
  tokens: Tokens,
): { readonly rule: InjectionRule; readonly material: SecretMaterial } {
  const { inject } = api;
  const key = tokens.access_token;
  switch (inject.kind) {
    case "bearer":
      return { rule: { kind: "bearer" }, material: { kind: "bearer", token: key } };
    case "header": {
      const prefix = inject.prefix === undefined ? {} : { prefix: inject.prefix };
      return {
        rule: { kind: "api-key", in: "header", name: inject.name, ...prefix },
        material: { kind: "api-key", key },
      };
    }
    case "query":
      return { rule: { kind: "api-key", in: "query", name: inject.name }, material: { kind: "api-key", key } };
  }
}

/** The headers the provider wants in every call, under those the caller has set. */
export function withApiHeaders(
  { api }: Provider,
  clientId: string,
  headers: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const wanted = Object.entries(api.headers);
  if (wanted.length === 0) return headers;
  const has = new Set(headers.map(([name]) => name));
  const added = wanted
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.replaceAll("{client_id}", clientId)])
    .filter(([name]) => !has.has(name));
  return [...added, ...headers];
}
