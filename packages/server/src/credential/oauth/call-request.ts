import { createHmac } from "node:crypto";
import type { Call } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { fill, type ProviderClient, type Variables } from "./provider-client.ts";
import { basic, lowerCase } from "./token-request.ts";
import type { ProviderRequest } from "../../egress/ask.ts";

export interface CallTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** `auth: strategy`: the `authorization` header that its code made. */
  readonly strategyAuth?: string | undefined;
}

/** A call of the entry's own (identity, revocation, exchange), with the tokens in their places. */
export function callRequest(
  client: ProviderClient,
  call: Call,
  variables: Variables,
  tokens: CallTokens,
): { readonly ok: true; readonly request: ProviderRequest } | Failure {
  const { provider } = client;
  const filled = fill(client, call.url, variables);
  if (!filled.ok) return { ok: false, code: "connect_config", detail: filled.detail };
  const url = new URL(filled.text);
  const put = filler(client, variables, tokens);
  for (const [name, value] of Object.entries(call.query)) url.searchParams.append(name, put(value));
  const headers: Record<string, string> = { accept: "application/json" };
  for (const source of [provider.api.headers, call.headers]) {
    for (const [name, value] of Object.entries(lowerCase(source))) headers[name] = put(value);
  }
  authorize(client, call, tokens, headers, url);
  const body = bodyOf(call, put, headers);
  return { ok: true, request: { method: call.method, url: url.href, headers, body } };
}

function authorize(
  client: ProviderClient,
  { auth }: Call,
  tokens: CallTokens,
  headers: Record<string, string>,
  url: URL,
): void {
  const { inject } = client.provider.api;
  if (auth === "basic") {
    headers["authorization"] = basic({ ...client, clientSecret: client.secrets.client_secret, assertion: undefined });
  } else if (auth === "strategy") {
    if (tokens.strategyAuth !== undefined) headers["authorization"] = tokens.strategyAuth;
  } else if (auth === "bearer") {
    if (client.provider.strategy === "meta-appsecret-proof") {
      url.searchParams.set("appsecret_proof", appSecretProof(client.secrets.client_secret, tokens.accessToken));
    }
    if (inject.kind === "bearer") headers["authorization"] = `Bearer ${tokens.accessToken}`;
    else if (inject.kind === "query") url.searchParams.set(inject.name, tokens.accessToken);
    else {
      const prefix = inject.prefix === undefined ? "" : `${inject.prefix} `;
      headers[inject.name.toLowerCase()] = `${prefix}${tokens.accessToken}`;
    }
  }
}

function bodyOf(call: Call, put: (template: string) => string, headers: Record<string, string>): string | null {
  if (call.form) {
    headers["content-type"] ??= "application/x-www-form-urlencoded";
    const entries = Object.entries(call.form).map(([name, value]) => [name, put(value)]);
    return new URLSearchParams(entries as [string, string][]).toString();
  }
  if (call.graphql === undefined && call.json === undefined) return null;
  headers["content-type"] ??= "application/json";
  if (call.graphql !== undefined) return JSON.stringify({ query: call.graphql });
  return JSON.stringify(call.json, (_key, value: unknown) => (typeof value === "string" ? put(value) : value));
}

/** One pass: a token that happens to hold a placeholder is not looked at again. What has no value stays as it is. */
function filler(
  { clientId, secrets, config }: ProviderClient,
  variables: Variables,
  tokens: CallTokens,
): (template: string) => string {
  const values: ReadonlyMap<string, string> = new Map([
    ...Object.entries(variables),
    ...Object.entries(config.variables),
    ["access_token", tokens.accessToken],
    ["refresh_token", tokens.refreshToken ?? ""],
    ["client_id", clientId],
    ["client_secret", secrets.client_secret ?? ""],
  ]);
  return (template) => template.replace(/\{([a-z][a-z0-9_]*)\}/g, (all, name: string) => values.get(name) ?? all);
}

/** Meta: a call from a server proves that it knows the app's secret, not only a token. */
export function appSecretProof(clientSecret: string | undefined, accessToken: string): string {
  return createHmac("sha256", clientSecret ?? "")
    .update(accessToken)
    .digest("hex");
}
