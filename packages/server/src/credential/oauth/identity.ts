import { readIdentity, textAt, type ReadIdentity, type ReadTokenAnswer } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { jsonOf, safeCode, type Ask } from "../../egress/ask.ts";
import { callRequest } from "./call-request.ts";
import { appAuthorization } from "./client-proof.ts";
import type { Issuer } from "./discovery.ts";
import { readClaims } from "./jwt.ts";
import { captureVariables, type ProviderClient, type Variables } from "./provider-client.ts";
import { mainToken } from "./tokens.ts";

/** Whose account was connected, and the variables that only the account itself tells. */
export type KnownIdentity =
  | { readonly ok: true; readonly identity: ReadIdentity & { readonly ok: true }; readonly variables: Variables }
  | Failure;

export interface IdentityInput {
  readonly answer: ReadTokenAnswer & { readonly ok: true };
  readonly variables: Variables;
  readonly issuer: Issuer | null;
  readonly nonce: string | undefined;
  readonly now: number;
}

const SKEW_MS = 60_000;

/** Without an identity there is no grant: connecting the same account again could not be told from connecting another. */
export async function identify(ask: Ask, client: ProviderClient, input: IdentityInput): Promise<KnownIdentity> {
  const { provider } = client;
  const claims = input.answer.idToken === undefined ? null : readClaims(input.answer.idToken);
  if (input.nonce !== undefined || provider.identity.from === "id_token") {
    const wrong = wrongClaims(claims, client, input);
    if (wrong !== null) return unknown(client, wrong);
  }
  const document = await identityDocument(ask, client, input, claims);
  if (!document.ok) return document;
  const identity = readIdentity(provider, document.value);
  if (!identity.ok) return unknown(client, identity.detail);
  const captured = captureVariables(client, "identity", (at) => textAt(document.value, at));
  if (!captured.ok) return unknown(client, captured.detail);
  return { ok: true, identity, variables: captured.variables };
}

async function identityDocument(
  ask: Ask,
  client: ProviderClient,
  { answer, variables, now }: IdentityInput,
  claims: Readonly<Record<string, unknown>> | null,
): Promise<{ readonly ok: true; readonly value: unknown } | Failure> {
  const { identity } = client.provider;
  if (identity.from === "token") return { ok: true, value: answer.json };
  if (identity.from === "id_token") return { ok: true, value: claims };
  const main = mainToken(answer);
  if (!identity.call || !main) return unknown(client, "there is nothing to ask");
  const tokens = {
    accessToken: main.accessToken,
    refreshToken: main.refreshToken,
    strategyAuth: identity.call.auth === "strategy" ? (appAuthorization(client, now) ?? undefined) : undefined,
  };
  const made = callRequest(client, identity.call, variables, tokens);
  if (!made.ok) return made;
  const asked = await ask(made.request);
  if (!asked.ok) return unknown(client, asked.detail);
  if (asked.answer.status >= 400) return unknown(client, `the provider answered ${asked.answer.status}`);
  return { ok: true, value: jsonOf(asked.answer) };
}

/**
 * OpenID Connect Core 3.1.3.7. The token came from the token endpoint itself, over TLS, so that its signature need not be
 * looked at (point 6); who it is from, for and about must.
 */
function wrongClaims(
  claims: Readonly<Record<string, unknown>> | null,
  { clientId, provider }: ProviderClient,
  { issuer, nonce, now }: IdentityInput,
): string | null {
  if (!claims) return provider.kind === "oidc" ? "there is no readable id token" : null;
  if (issuer && claims["iss"] !== issuer.issuer) return "the id token is of another issuer";
  const audiences = [claims["aud"]].flat();
  if (!audiences.includes(clientId)) return "the id token is for another client";
  if (audiences.length > 1 && claims["azp"] !== clientId) return "the id token was issued to another client";
  const exp = claims["exp"];
  if (typeof exp !== "number" || exp * 1000 < now - SKEW_MS) return "the id token has expired";
  if (nonce !== undefined && claims["nonce"] !== nonce) return "the id token answers another request";
  return null;
}

function unknown({ provider }: ProviderClient, detail: string): Failure {
  const details = { provider_id: provider.id };
  return { ok: false, code: "connect_identity_unknown", detail: `${provider.name}: ${safeText(detail)}`, details };
}

function safeText(detail: string): string {
  return detail.length > 200 ? safeCode(detail) : detail;
}
