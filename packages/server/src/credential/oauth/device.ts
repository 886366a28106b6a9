import { textAt } from "@alter-vault/providers";
import type { Failure } from "../../call.ts";
import { askedScopes } from "./asked-scopes.ts";
import { jsonOf, safeCode } from "../../egress/ask.ts";
import { clientProof } from "./client-proof.ts";
import { connectAccount, type ConnectDeps } from "./connect-account.ts";
import type { Connected, DeviceRequest, DeviceStarted, FinishDeviceRequest } from "./engine.ts";
import { notExchanged } from "./finish.ts";
import { givenVariables } from "./given-variables.ts";
import { exchangeCode } from "./mint.ts";
import { fill, type ProviderClient } from "./provider-client.ts";
import { formRequest } from "./token-request.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
const DEFAULT_INTERVAL_SECONDS = 5;
const DEFAULT_LIFETIME_SECONDS = 900;

/** RFC 8628, 3.1: a code that the user enters on another device. */
export async function startDevice(
  deps: ConnectDeps,
  client: ProviderClient,
  request: DeviceRequest,
): Promise<DeviceStarted | Failure> {
  const { provider } = client;
  const details = { provider_id: provider.id };
  if (!provider.device) {
    return { ok: false, code: "connect_config", detail: `${provider.name} has no device codes`, details };
  }
  const scopes = askedScopes(client, request.scopes);
  if (!scopes.ok) return scopes;
  const given = givenVariables(client, request.variables);
  if (!given.ok) return given;
  const discovered = await deps.discover(client, given.variables);
  if (!discovered.ok) return { ok: false, code: "connect_provider_error", detail: discovered.detail, details };
  const variables = { ...given.variables, ...discovered.issuer?.variables };
  const url = fill(client, provider.device.url, variables);
  if (!url.ok) return { ok: false, code: "connect_config", detail: url.detail, details };
  const separator = provider.authorize?.scopeSeparator ?? " ";
  const params = {
    client_id: client.clientId,
    ...(scopes.scopes.length > 0 ? { scope: scopes.scopes.join(separator === "none" ? " " : separator) } : {}),
    ...provider.device.params,
  };
  // RFC 8628, 3.1: a client that has a secret shows it here, too.
  const clientAuth = client.secrets.client_secret === undefined ? "none" : provider.token.clientAuth;
  const asked = await deps.ask(
    formRequest(
      { url: url.text, method: "POST", clientAuth, body: "form", headers: {}, params, rename: {}, omit: [] },
      clientProof(client, url.text, deps.now(), deps.newId()),
    ),
  );
  if (!asked.ok) return { ok: false, code: "connect_provider_error", detail: asked.detail, details };
  const json = jsonOf(asked.answer);
  const deviceCode = textAt(json, "/device_code");
  const userCode = textAt(json, "/user_code");
  // Google says verification_url.
  const verificationUri = textAt(json, "/verification_uri") ?? textAt(json, "/verification_url");
  if (deviceCode === undefined || userCode === undefined || verificationUri === undefined) {
    const problem = safeCode(textAt(json, "/error") ?? `http_${asked.answer.status}`);
    return { ok: false, code: "connect_config", detail: `${provider.name} gives no device code (${problem})`, details };
  }
  return {
    ok: true,
    askedScopes: scopes.scopes,
    variables,
    secrets: { deviceCode },
    userCode,
    verificationUri,
    verificationUriComplete: textAt(json, "/verification_uri_complete") ?? null,
    intervalSeconds: positive(textAt(json, "/interval"), DEFAULT_INTERVAL_SECONDS),
    expiresInSeconds: positive(textAt(json, "/expires_in"), DEFAULT_LIFETIME_SECONDS),
  };
}

/** RFC 8628, 3.4: whether the user has entered it by now. */
export async function pollDevice(
  deps: ConnectDeps,
  client: ProviderClient,
  request: FinishDeviceRequest,
): Promise<Connected | Failure | { ok: true; pending: true; slowDown: boolean }> {
  const details = { provider_id: client.provider.id };
  const discovered = await deps.discover(client, request.variables);
  if (!discovered.ok) return { ok: false, code: "connect_provider_error", detail: discovered.detail, details };
  const variables = { ...request.variables, ...discovered.issuer?.variables };
  const params = { grant_type: GRANT_TYPE, device_code: request.secrets.deviceCode ?? "" };
  const minted = await exchangeCode(deps, client, params, variables);
  if (minted.ok) {
    return connectAccount(deps, client, {
      ...request,
      answer: minted.answer,
      flow: "device_code",
      variables,
      issuer: discovered.issuer,
      nonce: undefined,
    });
  }
  switch (minted.problem) {
    case "authorization_pending":
      return { ok: true, pending: true, slowDown: false };
    case "slow_down":
      return { ok: true, pending: true, slowDown: true };
    case "access_denied":
      return { ok: false, code: "connect_denied", detail: `${client.provider.name} was told not to connect`, details };
    case "expired_token":
      return { ok: false, code: "connect_timeout", detail: "the code was not entered in time", details };
    default:
      return notExchanged(client, minted);
  }
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) && value > 0 ? value : otherwise;
}
