import type { Core } from "../core.ts";
import { ConnectConfigError } from "../errors.ts";
import { askIssuer, issuerUrl } from "./ask-issuer.ts";

/** What an issuer says about itself (OpenID Connect Discovery 1.0), as far as it is needed. */
export interface Issuer {
  readonly issuer: string;
  readonly authorizationEndpoint: URL;
  readonly tokenEndpoint: URL;
  readonly userinfoEndpoint: URL | undefined;
  readonly scopesSupported: readonly string[] | undefined;
  /** It names itself in callbacks (RFC 9207), so one that does not is not from it. */
  readonly namesItself: boolean;
}

export async function discoverIssuer(core: Core, issuer: string, signal: AbortSignal | undefined): Promise<Issuer> {
  const { href } = issuerUrl("issuer", issuer);
  const url = new URL(`${href.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const { status, json } = await askIssuer(core, url, {}, signal);
  // Letter by letter: tokens and callbacks name the issuer as its document does.
  if (status !== 200 || json["issuer"] !== issuer) {
    const what = status === 200 ? "is about another issuer" : `cannot be had (HTTP ${status})`;
    throw new ConnectConfigError(`The discovery document of ${issuer} ${what}. Check the issuer, to the last slash.`);
  }
  const { scopes_supported: scopes, userinfo_endpoint: userinfo } = json;
  return {
    issuer,
    authorizationEndpoint: issuerUrl("authorization endpoint", json["authorization_endpoint"]),
    tokenEndpoint: issuerUrl("token endpoint", json["token_endpoint"]),
    userinfoEndpoint: userinfo === undefined ? undefined : issuerUrl("userinfo endpoint", userinfo),
    scopesSupported: Array.isArray(scopes) ? scopes.map(String) : undefined,
    namesItself: json["authorization_response_iss_parameter_supported"] === true,
  };
}
