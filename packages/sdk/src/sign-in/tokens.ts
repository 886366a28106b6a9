import type { Core } from "../core.ts";
import { ConnectConfigError, ConnectFlowError } from "../errors.ts";
import { askIssuer } from "./ask-issuer.ts";
import type { Issuer } from "./discover-issuer.ts";
import type { SignInClient } from "./find-client.ts";
import { readIdToken, type Claims } from "./id-token.ts";
import { errorCode } from "./read-callback.ts";

/** What the token endpoint gave. Nothing of it is ever printed. */
export interface Tokens {
  readonly idToken: string;
  readonly claims: Claims;
  readonly expiresAtMs: number;
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
}

/** Claims of OpenID Connect about a user. */
export interface UserInfo {
  /** What the identity provider calls the user. Unique for it alone, and never for your own keys: use `userId`. */
  readonly sub: string;
  readonly email?: string;
  readonly name?: string;
  readonly [claim: string]: unknown;
}

interface CodeExchange {
  readonly client: SignInClient;
  readonly issuer: Issuer;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

export async function exchangeCode(
  core: Core,
  { client, issuer, code, redirectUri, codeVerifier, nonce }: CodeExchange,
  signal: AbortSignal | undefined,
): Promise<Tokens> {
  const form = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    client_id: client.clientId,
    code_verifier: codeVerifier,
  };
  const json = await askForTokens(core, issuer, form, signal);
  const idToken = text(json["id_token"]);
  if (idToken === undefined) {
    throw new ConnectFlowError(
      'Signing in did not work: the identity provider gave no ID token. Is "openid" asked for?',
    );
  }
  const expected = { issuer: issuer.issuer, clientId: client.clientId, nonce, nowMs: core.platform.now() };
  const tokens = { idToken, accessToken: text(json["access_token"]), refreshToken: text(json["refresh_token"]) };
  return { ...tokens, ...readIdToken(idToken, expected) };
}

/** Fresher tokens, or null when the issuer gives no new ID token for the refresh token. */
export async function refreshTokens(
  core: Core,
  client: SignInClient,
  issuer: Issuer,
  before: Tokens & { readonly refreshToken: string },
): Promise<Tokens | null> {
  const { clientId } = client;
  const form = { grant_type: "refresh_token", refresh_token: before.refreshToken, client_id: clientId };
  const json = await askForTokens(core, issuer, form, undefined);
  const idToken = text(json["id_token"]);
  if (idToken === undefined) return null;
  const expected = { issuer: issuer.issuer, clientId, subject: before.claims.sub, nowMs: core.platform.now() };
  return {
    idToken,
    accessToken: text(json["access_token"]),
    refreshToken: text(json["refresh_token"]) ?? before.refreshToken,
    ...readIdToken(idToken, expected),
  };
}

/** What is said about the user: in the token, and, where that is silent about them, at the userinfo endpoint. */
export async function readUserInfo(
  core: Core,
  { userinfoEndpoint }: Issuer,
  { claims, accessToken }: Tokens,
  signal: AbortSignal | undefined,
): Promise<UserInfo> {
  if (claims["email"] !== undefined || userinfoEndpoint === undefined || accessToken === undefined)
    return { ...claims };
  const { status, json } = await askIssuer(core, userinfoEndpoint, { bearer: accessToken }, signal);
  // OpenID Connect Core 5.3.2: about another subject, it must not be used.
  return status === 200 && json["sub"] === claims.sub ? { ...json, ...claims } : { ...claims };
}

async function askForTokens(
  core: Core,
  { tokenEndpoint }: Issuer,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, json } = await askIssuer(core, tokenEndpoint, { form }, signal);
  if (status === 200) return json;
  const { error } = json;
  if (error === "invalid_client" || error === "unauthorized_client") {
    throw new ConnectConfigError(
      `The identity provider does not know the client, or wants a secret of it (${error}). It must be a public client: a native app.`,
    );
  }
  throw new ConnectFlowError(
    `Signing in did not work: the identity provider says ${errorCode(error)} (HTTP ${status}).`,
    { retryable: status >= 500 },
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
