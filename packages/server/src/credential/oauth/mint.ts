import { readTokenAnswer, type RawAnswer, type ReadTokenAnswer } from "@alter-vault/providers";
import type { OAuthFlow } from "../../store/oauth-records.ts";
import { safeCode, type Ask } from "../../egress/ask.ts";
import { appAuthorization, clientProof } from "./client-proof.ts";
import { signJwt } from "./jwt.ts";
import { fill, type ProviderClient, type Variables } from "./provider-client.ts";
import type { Tokens } from "./tokens.ts";
import { formRequest, lowerCase, tokenRequest } from "./token-request.ts";
import type { ProviderRequest } from "../../egress/ask.ts";

/**
 * Asking for tokens, whichever way a grant has them. Builds the request and reads the answer; stores nothing.
 * `dead`: the user must connect again. `client`: the operator must act. `later`: try again. `never`: there is no way.
 */
export type Minted =
  | { readonly ok: true; readonly answer: ReadTokenAnswer & { readonly ok: true } }
  | { readonly ok: false; readonly why: "dead" | "client" | "later" | "never"; readonly problem: string };

export interface MintDeps {
  readonly ask: Ask;
  readonly now: () => number;
  readonly newId: () => string;
}

export interface MintFrom {
  readonly flow: OAuthFlow;
  readonly scopes: readonly string[];
  readonly variables: Variables;
  readonly tokens: Pick<Tokens, "access_token" | "refresh_token" | "subject"> | null;
}

/** New tokens for a grant that has some already, or that needs none to begin with. */
export async function mint(deps: MintDeps, client: ProviderClient, from: MintFrom): Promise<Minted> {
  const made = requestFor(deps, client, from);
  if (!("request" in made)) return made;
  const leg = from.flow === "authorization_code" || from.flow === "device_code" ? "refresh" : "code";
  return exchangeTokens(deps, client, made.request, leg);
}

/** Changes a code (or another one-time proof) for tokens. */
export async function exchangeCode(
  deps: MintDeps,
  client: ProviderClient,
  params: Readonly<Record<string, string>>,
  variables: Variables,
): Promise<Minted> {
  const url = fill(client, client.provider.token.url, variables);
  if (!url.ok) return { ok: false, why: "client", problem: url.detail };
  const request = tokenRequest(
    client.provider,
    url.text,
    params,
    clientProof(client, url.text, deps.now(), deps.newId()),
  );
  return exchangeTokens(deps, client, request, "code");
}

export async function exchangeTokens(
  deps: MintDeps,
  client: ProviderClient,
  request: ProviderRequest,
  leg: "code" | "refresh" | "long-lived",
): Promise<Minted> {
  const asked = await deps.ask(request);
  if (!asked.ok) return { ok: false, why: "later", problem: asked.code };
  return readMinted(client, asked.answer, leg, deps.now());
}

function readMinted(
  client: ProviderClient,
  raw: RawAnswer,
  leg: "code" | "refresh" | "long-lived",
  now: number,
): Minted {
  const answer = readTokenAnswer(client.provider, raw, leg, now);
  if (answer.ok) return { ok: true, answer };
  const problem = safeCode(answer.error.code);
  switch (answer.error.class) {
    case "reauth":
    case "scope":
      return { ok: false, why: "dead", problem };
    case "permanent":
      return { ok: false, why: "client", problem };
    case "transient":
      return { ok: false, why: "later", problem };
  }
}

function requestFor(
  deps: MintDeps,
  client: ProviderClient,
  from: MintFrom,
): { readonly request: ProviderRequest } | (Minted & { ok: false }) {
  const { provider } = client;
  const { refresh } = provider;
  const isUsers = from.flow === "authorization_code" || from.flow === "device_code";
  const template = isUsers && refresh.supported ? (refresh.url ?? provider.token.url) : provider.token.url;
  const url = fill(client, template, from.variables);
  if (!url.ok) return { ok: false, why: "client", problem: url.detail };
  const proof = clientProof(client, url.text, deps.now(), deps.newId());
  const separator = provider.authorize?.scopeSeparator ?? " ";
  const scope = from.scopes.join(separator === "none" ? " " : separator);

  switch (from.flow) {
    case "authorization_code":
    case "device_code": {
      if (!refresh.supported) return { ok: false, why: "never", problem: "no_refresh" };
      const value = refresh.with === "access_token" ? from.tokens?.access_token : from.tokens?.refresh_token;
      if (value === undefined) return { ok: false, why: "never", problem: "no_refresh_token" };
      return {
        request: formRequest(
          {
            url: url.text,
            method: refresh.method,
            clientAuth: refresh.clientAuth ?? provider.token.clientAuth,
            body: refresh.body ?? provider.token.body,
            headers: provider.token.headers,
            params: {
              grant_type: "refresh_token",
              [refresh.with]: value,
              ...(refresh.sendScopes && scope !== "" ? { scope } : {}),
              ...refresh.params,
            },
            rename: refresh.rename,
            omit: [],
          },
          proof,
        ),
      };
    }
    case "client_credentials":
      return {
        request: tokenRequest(
          provider,
          url.text,
          { grant_type: "client_credentials", ...(scope === "" ? {} : { scope }) },
          proof,
        ),
      };
    case "jwt_bearer": {
      const now = Math.floor(deps.now() / 1000);
      const subject = from.tokens?.subject;
      const claims = {
        iss: client.clientId,
        ...(subject === undefined ? {} : { sub: subject }),
        aud: url.text,
        ...(scope === "" ? {} : { scope }),
        iat: now,
        exp: now + 300,
      };
      const assertion = signJwt(client.secrets.private_key ?? "", claims, client.secrets.private_key_id);
      if (assertion === null) return { ok: false, why: "client", problem: "private_key_missing" };
      const params = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
      return { request: tokenRequest(provider, url.text, params, proof) };
    }
    case "installation": {
      const authorization = appAuthorization(client, deps.now());
      if (authorization === null) return { ok: false, why: "client", problem: "private_key_missing" };
      const headers = { accept: "application/json", ...lowerCase(provider.token.headers), authorization };
      return { request: { method: "POST", url: url.text, headers, body: null } };
    }
  }
}
