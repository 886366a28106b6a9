import type { Provider } from "@alter-vault/providers";

/** What one visit to the authorization endpoint says. */
export interface Authorization {
  readonly provider: Provider;
  /** The endpoint, filled in. */
  readonly endpoint: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  /** PKCE S256; null where the provider does not take it. */
  readonly challenge: string | null;
  /** OpenID Connect; null elsewhere. */
  readonly nonce: string | null;
  readonly loginHint: string | null;
}

/** The address to send the browser to. Parameters are renamed, left out and added as the entry says. */
export function authorizeUrl(visit: Authorization): string {
  const { provider, endpoint } = visit;
  const authorize = provider.authorize;
  if (!authorize) throw new Error(`${provider.id} has no authorization endpoint`);
  const { asApp, asUser } = splitScopes(provider, visit.scopes);
  const standard: [string, string | null][] = [
    ["response_type", "code"],
    ["client_id", visit.clientId],
    ["redirect_uri", visit.redirectUri],
    ["state", visit.state],
    ["code_challenge", visit.challenge],
    ["code_challenge_method", visit.challenge === null ? null : "S256"],
    ["nonce", visit.nonce],
    ["login_hint", visit.loginHint],
  ];
  const pairs: string[] = [];
  for (const [name, value] of standard) {
    if (value === null || authorize.omit.includes(name)) continue;
    pairs.push(pair(authorize.rename[name] ?? name, value));
  }
  if (authorize.scopeSeparator !== "none") {
    if (asApp.length > 0) pairs.push(scopePair(authorize.scopeParam, asApp, authorize.scopeSeparator));
    if (authorize.userScopeParam !== undefined && asUser.length > 0) {
      pairs.push(scopePair(authorize.userScopeParam, asUser, authorize.scopeSeparator));
    }
  }
  for (const [name, value] of Object.entries(authorize.params)) pairs.push(pair(name, value));
  // An endpoint with a fragment (`/#/oauth/authorize`) reads its parameters from there: they are put at the very end.
  return `${endpoint}${endpoint.includes("?") ? "&" : "?"}${pairs.join("&")}`;
}

/** Scopes for the user's own token go into a parameter of their own, where the provider issues two tokens. */
function splitScopes(
  { authorize, scopes: known }: Provider,
  scopes: readonly string[],
): { asApp: readonly string[]; asUser: readonly string[] } {
  if (authorize?.userScopeParam === undefined) return { asApp: scopes, asUser: [] };
  const users = new Set(known.filter(({ audience }) => audience === "user").map(({ id }) => id));
  return { asApp: scopes.filter((scope) => !users.has(scope)), asUser: scopes.filter((scope) => users.has(scope)) };
}

function pair(name: string, value: string): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** A separator `+` is meant as it stands: encoded as %2B the provider would read one long scope. */
function scopePair(name: string, scopes: readonly string[], separator: " " | "," | "+"): string {
  if (separator !== "+") return pair(name, scopes.join(separator));
  return `${encodeURIComponent(name)}=${scopes.map(encodeURIComponent).join("+")}`;
}
