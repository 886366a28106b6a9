import type { ServiceGrantCreate } from "@alter-vault/protocol";
import type { z } from "zod";
import type { Failure } from "../../call.ts";
import type { GrantAccount } from "../../store/grant-records.ts";
import { askedScopes } from "./asked-scopes.ts";
import { connectAccount, type ConnectDeps } from "./connect-account.ts";
import type { Connected } from "./engine.ts";
import { notExchanged } from "./finish.ts";
import { mint } from "./mint.ts";
import type { ProviderClient } from "./provider-client.ts";

/** A grant that needs no user. It is tried right away: one that cannot get a token is not stored. */
export async function serviceGrant(
  deps: ConnectDeps,
  client: ProviderClient,
  wish: z.output<typeof ServiceGrantCreate>,
): Promise<Connected | Failure> {
  const { provider, secrets } = client;
  const details = { provider_id: provider.id };
  const needsKey = wish.flow !== "client_credentials";
  if (needsKey && secrets.private_key === undefined) {
    const detail = `${provider.name} needs a private key in its configuration for this`;
    return { ok: false, code: "connect_config", detail, details };
  }
  if (wish.flow === "installation" && provider.strategy !== "github-app-installation") {
    return { ok: false, code: "connect_config", detail: `${provider.name} has no installations`, details };
  }
  if (wish.flow === "installation" && wish.installation_id === undefined) {
    const issues = [{ path: "installation_id", message: "is missing" }];
    return {
      ok: false,
      code: "invalid_request",
      detail: "installation_id is missing",
      details: { ...details, issues },
    };
  }
  const scopes = askedScopes(client, wish.scopes);
  if (!scopes.ok) return scopes;
  // The entry's own needs (offline_access, openid) are a user's.
  const asked = wish.scopes ?? client.config.defaultScopes;
  const discovered = await deps.discover(client, wish.variables);
  if (!discovered.ok) return { ok: false, code: "connect_provider_error", detail: discovered.detail, details };
  const variables = {
    ...wish.variables,
    ...discovered.issuer?.variables,
    ...(wish.installation_id === undefined ? {} : { installation_id: wish.installation_id }),
  };
  const minted = await mint(deps, client, {
    flow: wish.flow,
    scopes: asked,
    variables,
    tokens: { access_token: "", subject: wish.subject },
  });
  if (!minted.ok) return notExchanged(client, minted);
  return connectAccount(deps, client, {
    answer: minted.answer,
    flow: wish.flow,
    askedScopes: asked,
    variables,
    issuer: null,
    nonce: undefined,
    account: accountOf(client, wish),
    subject: wish.subject,
    label: wish.label,
    policy: wish.expires_in_seconds === undefined ? null : { default_ttl_seconds: wish.expires_in_seconds },
  });
}

/** An installation tells whose it is; the others are known by what they were made from. */
function accountOf(
  { clientId }: ProviderClient,
  { flow, subject }: z.output<typeof ServiceGrantCreate>,
): GrantAccount | undefined {
  switch (flow) {
    case "installation":
      return undefined;
    case "client_credentials":
      return { id: `client:${clientId}`, identifier: clientId, name: null };
    case "jwt_bearer":
      return { id: `jwt:${clientId}:${subject ?? ""}`, identifier: subject ?? clientId, name: null };
  }
}
