import { textAt, type ReadToken } from "@alter-vault/providers";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import { jsonOf, type Ask } from "../../egress/ask.ts";
import { callRequest } from "./call-request.ts";
import { readClaims } from "./jwt.ts";
import { fill, type ProviderClient, type Variables } from "./provider-client.ts";
import { formRequest } from "./token-request.ts";
import type { ProviderRequest } from "../../egress/ask.ts";

/** When a token ends: what the answer said, else what the entry's fall-backs find, else the entry's default. */
export async function expiryOf(
  ask: Ask,
  client: ProviderClient,
  token: ReadToken,
  variables: Variables,
): Promise<number | null> {
  if (token.expiryFrom === "answer") return token.expiresAt;
  for (const source of client.provider.token.expiryFrom) {
    const found = source === "jwt-exp" ? expOf(token.accessToken) : await introspected(ask, client, token, variables);
    if (found !== null) return found;
  }
  return token.expiresAt;
}

/**
 * The same after a refresh, without asking anybody: new tokens are not used for anything before they are stored. A token
 * that says nothing lives as long as the one before it.
 */
export function renewedExpiryOf(
  token: ReadToken,
  before: Pick<OAuthCredentialRecord, "tokenExpiresAt" | "refreshedAt" | "connectedAt">,
  now: number,
): number | null {
  if (token.expiryFrom === "answer") return token.expiresAt;
  const said = expOf(token.accessToken);
  if (said !== null) return said;
  if (before.tokenExpiresAt === null) return token.expiresAt;
  return now + Math.max(0, before.tokenExpiresAt - (before.refreshedAt ?? before.connectedAt));
}

function expOf(accessToken: string): number | null {
  const exp = readClaims(accessToken)?.["exp"];
  return typeof exp === "number" && exp > 0 ? exp * 1000 : null;
}

async function introspected(
  ask: Ask,
  client: ProviderClient,
  token: ReadToken,
  variables: Variables,
): Promise<number | null> {
  const { introspect } = client.provider;
  const request = introspectionRequest(client, token, variables);
  if (!introspect || !request) return null;
  const asked = await ask(request);
  if (!asked.ok || asked.answer.status >= 400) return null;
  const exp = Number(textAt(jsonOf(asked.answer), introspect.exp) ?? Number.NaN);
  return Number.isFinite(exp) && exp > 0 ? exp * 1000 : null;
}

function introspectionRequest(client: ProviderClient, token: ReadToken, variables: Variables): ProviderRequest | null {
  const { introspect, token: at } = client.provider;
  if (!introspect) return null;
  if (introspect.style === "call") {
    const tokens = { accessToken: token.accessToken, refreshToken: token.refreshToken };
    const made = introspect.call ? callRequest(client, introspect.call, variables, tokens) : null;
    return made?.ok ? made.request : null;
  }
  const url = introspect.url === undefined ? null : fill(client, introspect.url, variables);
  if (!url?.ok) return null;
  return formRequest(
    {
      url: url.text,
      method: "POST",
      clientAuth: introspect.clientAuth ?? at.clientAuth,
      body: "form",
      headers: {},
      params: { token: token.accessToken, token_type_hint: "access_token", ...introspect.params },
      rename: {},
      omit: [],
    },
    { clientId: client.clientId, clientSecret: client.secrets.client_secret, assertion: undefined },
  );
}
