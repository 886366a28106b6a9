import type { PolicyRequest } from "@alter-vault/protocol";
import { findProvider } from "@alter-vault/providers";
import type { PolicyFacts } from "./facts.ts";
import { normalizedClaims } from "./facts/claims.ts";
import { providerName } from "./facts/provider-name.ts";
import { readTarget } from "./facts/read-target.ts";

/** The facts of a call that nobody has made: for cases in files, and for "what if". Null: its URL is none. */
export function hypotheticalFacts(request: PolicyRequest): PolicyFacts | null {
  const url = URL.parse(request.url);
  if (!url) return null;
  const { text, type } = bodyOf(request);
  const headers = Object.entries(request.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  if (type !== null && !headers.some(([name]) => name === "content-type")) headers.push(["content-type", type]);
  const nowMs = Date.parse(request.at ?? "2026-01-01T00:00:00Z");
  const provider = providerName(request.provider ?? "demo");
  return {
    appId: "app",
    provider,
    grantId: request.grant ?? "grant",
    secretId: request.secret ?? null,
    agents: request.agent ? [request.agent] : [],
    userId: request.user ?? null,
    groups: request.groups ?? [],
    mode: request.mode ?? "proxy",
    scopes: request.scopes ?? [],
    sourceIp: request.source_ip ?? null,
    nowMs,
    grantCreatedAtMs: request.grant_created_at === undefined ? nowMs : Date.parse(request.grant_created_at),
    claims: normalizedClaims(request.claims ?? {}),
    ...readTarget({
      method: request.method ?? "GET",
      url,
      headers,
      body: request.streamed ? null : Buffer.from(text),
      readsBody: true,
      provider: findProvider(provider) ?? null,
    }),
  };
}

function bodyOf({ body, json, form }: PolicyRequest): { text: string; type: string | null } {
  if (json !== undefined) return { text: JSON.stringify(json), type: "application/json" };
  if (form !== undefined) {
    return { text: new URLSearchParams(form).toString(), type: "application/x-www-form-urlencoded" };
  }
  return { text: body ?? "", type: null };
}
