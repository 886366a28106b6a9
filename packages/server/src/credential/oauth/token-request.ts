import type { ClientAuth, Provider } from "@alter-vault/providers";
import type { ProviderRequest } from "../../egress/ask.ts";

/** How the client shows who it is. `assertion`: the signed JWT of `private_key_jwt`. */
export interface ClientProof {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly assertion: string | undefined;
}

export interface FormRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly clientAuth: ClientAuth;
  readonly body: "form" | "json";
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  /** Standard name -> the provider's own. */
  readonly rename: Readonly<Record<string, string>>;
  readonly omit: readonly string[];
}

/**
 * A request to a token, revocation or introspection endpoint: parameters and client authentication, put where the entry
 * wants them (RFC 6749, 2.3.1 and 4.1.3).
 */
export function formRequest(request: FormRequest, proof: ClientProof): ProviderRequest {
  const all: Record<string, string> = { ...request.params, ...clientParams(request.clientAuth, proof) };
  const params: [string, string][] = Object.entries(all)
    .filter(([name]) => !request.omit.includes(name))
    .map(([name, value]) => [request.rename[name] ?? name, value]);
  const headers: Record<string, string> = { accept: "application/json", ...lowerCase(request.headers) };
  if (request.clientAuth === "basic") headers["authorization"] = basic(proof);
  if (request.method === "GET") {
    const query = new URLSearchParams(params).toString();
    return {
      method: "GET",
      url: `${request.url}${request.url.includes("?") ? "&" : "?"}${query}`,
      headers,
      body: null,
    };
  }
  if (request.body === "json") {
    return {
      method: "POST",
      url: request.url,
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(Object.fromEntries(params)),
    };
  }
  return {
    method: "POST",
    url: request.url,
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(params).toString(),
  };
}

/** The request that changes a code, a refresh token or an assertion for tokens. */
export function tokenRequest(
  { token }: Pick<Provider, "token">,
  url: string,
  params: Readonly<Record<string, string>>,
  proof: ClientProof,
): ProviderRequest {
  return formRequest(
    {
      url,
      method: "POST",
      clientAuth: token.clientAuth,
      body: token.body,
      headers: token.headers,
      params: { ...params, ...token.params },
      rename: token.rename,
      omit: token.omit,
    },
    proof,
  );
}

function clientParams(how: ClientAuth, { clientId, clientSecret, assertion }: ClientProof): Record<string, string> {
  switch (how) {
    case "basic":
      return {};
    case "none":
      return { client_id: clientId };
    case "post":
      return { client_id: clientId, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }) };
    case "private_key_jwt":
      return {
        client_id: clientId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ...(assertion === undefined ? {} : { client_assertion: assertion }),
      };
  }
}

/** RFC 6749, 2.3.1: both parts are form-encoded before they are joined. */
export function basic({ clientId, clientSecret = "" }: ClientProof): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString("base64")}`;
}

function formEncode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

export function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
