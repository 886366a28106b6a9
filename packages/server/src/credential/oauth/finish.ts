import { createHmac, timingSafeEqual } from "node:crypto";
import { classifyError } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { safeCode } from "../../egress/ask.ts";
import { connectAccount, type ConnectDeps } from "./connect-account.ts";
import type { Issuer } from "./discovery.ts";
import type { Connected, FinishRequest } from "./engine.ts";
import { exchangeCode, mint, type Minted } from "./mint.ts";
import { captureVariables, fill, type ProviderClient, type Variables } from "./provider-client.ts";

/** The way back: what the browser brought is checked, the code is changed for tokens, and the account becomes a grant. */
export async function finish(
  deps: ConnectDeps,
  client: ProviderClient,
  request: FinishRequest,
): Promise<Connected | Failure> {
  const { provider } = client;
  const { callback } = request;
  const details = { provider_id: provider.id };
  const discovered = await deps.discover(client, request.variables);
  if (!discovered.ok) return { ok: false, code: "connect_provider_error", detail: discovered.detail, details };
  // Before the error is looked at: it may be another server's, too (RFC 9207, 2.4).
  const foreign = wrongIssuer(client, request, discovered.issuer);
  if (foreign !== null) return { ok: false, code: "connect_issuer_mismatch", detail: foreign, details };
  if (provider.strategy === "shopify-callback-hmac" && !isSigned(client, callback)) {
    return {
      ok: false,
      code: "connect_state_invalid",
      detail: `the callback is not signed by ${provider.name}`,
      details,
    };
  }
  const error = callback.get("error");
  if (error !== null) return refusedBy(client, error);

  const captured = captureVariables(client, "callback", (at) => callback.get(at) ?? undefined);
  if (!captured.ok) return { ok: false, code: "connect_state_invalid", detail: captured.detail, details };
  const variables = { ...request.variables, ...discovered.issuer?.variables, ...captured.variables };
  const isInstallation = provider.strategy === "github-app-installation";
  const minted = isInstallation
    ? await mint(deps, client, { flow: "installation", scopes: [], variables, tokens: null })
    : await exchange(deps, client, request, variables);
  if (!minted.ok) return notExchanged(client, minted);
  return connectAccount(deps, client, {
    ...request,
    answer: minted.answer,
    flow: isInstallation ? "installation" : "authorization_code",
    variables,
    issuer: discovered.issuer,
    nonce: request.secrets.nonce,
  });
}

async function exchange(
  deps: ConnectDeps,
  client: ProviderClient,
  { callback, secrets, callbackUrl }: FinishRequest,
  variables: Variables,
): Promise<Minted> {
  const code = callback.get("code");
  if (code === null || code === "") return { ok: false, why: "dead", problem: "no_code" };
  const params = {
    grant_type: "authorization_code",
    code,
    redirect_uri: client.config.redirectUri ?? callbackUrl,
    ...(secrets.verifier === undefined ? {} : { code_verifier: secrets.verifier }),
  };
  return exchangeCode(deps, client, params, variables);
}

/** RFC 9207: an answer of another server than the one asked. Null: nothing speaks against it. */
function wrongIssuer(
  client: ProviderClient,
  { callback, variables }: FinishRequest,
  issuer: Issuer | null,
): string | null {
  const named = callback.getAll("iss");
  if (named.length > 1) return "the callback names two issuers";
  const written = client.provider.authorize?.issuer;
  const filled = written === undefined ? null : fill(client, written, variables);
  const expected = filled?.ok ? filled.text : (issuer?.issuer ?? null);
  if (expected === null) return null;
  const [iss] = named;
  if (iss === undefined) return filled?.ok || issuer?.namesItself ? "the callback does not name its issuer" : null;
  return iss === expected ? null : "the callback names another issuer";
}

/** Shopify: HMAC-SHA256 over the other parameters, sorted, by the client secret. */
function isSigned({ secrets }: ProviderClient, callback: URLSearchParams): boolean {
  const given = callback.get("hmac") ?? "";
  const message = [...callback]
    .filter(([name]) => name !== "hmac")
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const expected = createHmac("sha256", secrets.client_secret ?? "")
    .update(message)
    .digest();
  const bytes = Buffer.from(given, "hex");
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function refusedBy({ provider }: ProviderClient, error: string): Failure {
  const details = { provider_id: provider.id };
  const code = safeCode(error);
  if (error === "access_denied" || error === "user_cancelled_login" || error === "user_cancelled_authorize") {
    return { ok: false, code: "connect_denied", detail: `${provider.name} was told not to connect`, details };
  }
  const told = classifyError(provider, { status: 400, json: { error } });
  if (told?.class === "permanent") {
    return { ok: false, code: "connect_config", detail: `${provider.name} refuses the request (${code})`, details };
  }
  return { ok: false, code: "connect_provider_error", detail: `${provider.name} reports ${code}`, details };
}

export function notExchanged({ provider }: ProviderClient, { why, problem }: Minted & { ok: false }): Failure {
  const details = { provider_id: provider.id };
  switch (why) {
    case "dead":
    case "never":
      return {
        ok: false,
        code: "connect_code_rejected",
        detail: `${provider.name} does not take the code (${problem})`,
        details,
      };
    case "client":
      return {
        ok: false,
        code: "connect_config",
        detail: `${provider.name} refuses the client of this app (${problem})`,
        details,
      };
    case "later":
      return {
        ok: false,
        code: "connect_provider_error",
        detail: `${provider.name} does not answer as it should (${problem})`,
        details,
      };
  }
}
