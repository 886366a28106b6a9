import { classifyError, type Provider } from "@alter-vault/providers";
import { jsonOf, safeCode, type Ask } from "../../egress/ask.ts";
import { callRequest } from "./call-request.ts";
import { clientProof } from "./client-proof.ts";
import { fill, type ProviderClient, type Variables } from "./provider-client.ts";
import { formRequest } from "./token-request.ts";
import type { ProviderRequest } from "../../egress/ask.ts";
import type { Tokens } from "./tokens.ts";

/** What the provider said to "disconnect". */
export interface ProviderRevocation {
  readonly result: "done" | "failed" | "not_supported";
  readonly detail: string | null;
  /** Where the user can finish it. */
  readonly manualUrl: string | null;
}

interface RevokeDeps {
  readonly ask: Ask;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Ends the tokens at the provider. A token it does not know any more is as good as ended. */
export async function revokeAtProvider(
  deps: RevokeDeps,
  client: ProviderClient,
  tokens: Tokens,
  variables: Variables,
): Promise<ProviderRevocation> {
  const { revoke } = client.provider;
  if (revoke.style === "none") {
    return { result: "not_supported", detail: revoke.reason, manualUrl: revoke.manualUrl ?? null };
  }
  const requests = requestsFor(deps, client, revoke, tokens, variables);
  if (requests.length === 0) {
    return { result: "not_supported", detail: `${client.provider.name} names no revocation endpoint`, manualUrl: null };
  }
  const problems: string[] = [];
  for (const request of requests) {
    const problem = await problemOf(deps.ask, client.provider, request);
    if (problem !== null) problems.push(problem);
  }
  const [failed] = problems;
  return failed === undefined
    ? { result: "done", detail: null, manualUrl: null }
    : { result: "failed", detail: failed, manualUrl: null };
}

async function problemOf(ask: Ask, provider: Provider, request: ProviderRequest): Promise<string | null> {
  const asked = await ask(request);
  if (!asked.ok) return asked.code;
  const { status } = asked.answer;
  const error = classifyError(provider, { status, json: jsonOf(asked.answer) }, "api");
  if (!error && status < 400) return null;
  if (error?.class === "reauth" || status === 404) return null;
  return safeCode(error?.code ?? `http_${status}`);
}

function requestsFor(
  { now, newId }: RevokeDeps,
  client: ProviderClient,
  revoke: Exclude<Provider["revoke"], { style: "none" }>,
  tokens: Tokens,
  variables: Variables,
): ProviderRequest[] {
  const every = [tokens, ...Object.values(tokens.others ?? {})];
  if (revoke.style === "call") {
    return unique(every).flatMap(({ access_token: accessToken, refresh_token: refreshToken }) => {
      const made = callRequest(client, revoke.call, variables, { accessToken, refreshToken });
      return made.ok ? [made.request] : [];
    });
  }
  const url = fill(client, revoke.url, variables);
  if (!url.ok) return [];
  // Where a revocation ends one token only, the other would go on working.
  const send = revoke.kills === "token" && revoke.send === "refresh_token" ? "both" : revoke.send;
  return unique(every).flatMap(({ access_token, refresh_token }) => {
    const sent: [string, string][] = [];
    if (send !== "access_token" && refresh_token !== undefined) sent.push(["refresh_token", refresh_token]);
    if (send !== "refresh_token" || sent.length === 0) sent.push(["access_token", access_token]);
    return sent.map(([hint, token]) =>
      formRequest(
        {
          url: url.text,
          method: "POST",
          clientAuth: revoke.clientAuth ?? client.provider.token.clientAuth,
          body: revoke.body,
          headers: revoke.headers,
          params: { ...revoke.params, token, token_type_hint: hint },
          rename: {},
          omit: [],
        },
        clientProof(client, url.text, now(), newId()),
      ),
    );
  });
}

function unique<T extends { readonly access_token: string }>(tokens: readonly T[]): T[] {
  return [...new Map(tokens.map((token) => [token.access_token, token])).values()];
}
