import { fillTemplate, hostMatches } from "@alter-vault/providers";
import type { Incoming } from "./incoming.ts";
import { isIdentityCall } from "./identity-endpoint.ts";
import { jwksUrlOf } from "./issuer.ts";
import { urlOf, type Registration } from "./registration.ts";

export type EndpointName =
  | "discovery"
  | "keys"
  | "authorize"
  | "long-lived"
  | "refresh"
  | "code"
  | "installation"
  | "revoke"
  | "identity"
  | "introspect"
  | "api";

interface Place {
  readonly name: EndpointName;
  readonly url: URL | null;
  readonly fits?: (incoming: Incoming) => boolean;
}

/** Which endpoint of a provider a request is for, by the URLs of its entry; null: none. The API is what is left. */
export function endpointOf(registration: Registration, incoming: Incoming): EndpointName | null {
  const found = placesOf(registration).find(
    ({ url, fits = () => true }) => url && isAt(url, incoming) && fits(incoming),
  );
  if (found) return found.name;
  return isApiHost(registration, incoming.host) ? "api" : null;
}

function placesOf(registration: Registration): Place[] {
  const { provider } = registration;
  const { authorize, token, refresh, revoke, identity, introspect } = provider;
  const url = (template: string | undefined): URL | null => urlOf(registration, template);
  const isPost = ({ method }: Incoming): boolean => method === "POST";
  const ownRefresh = refresh.supported ? (refresh.url ?? token.url) : undefined;
  return [
    { name: "discovery", url: url(provider.discovery) },
    { name: "keys", url: jwksUrlOf(registration) },
    { name: "authorize", url: url(authorize?.url) },
    { name: "long-lived", url: url(token.longLived?.url), fits: ({ method }) => method === token.longLived?.method },
    {
      name: "refresh",
      url: url(ownRefresh),
      fits: (incoming) => refresh.supported && (refresh.url !== undefined || isRefresh(registration, incoming)),
    },
    { name: provider.kind === "github-app" ? "installation" : "code", url: url(token.url), fits: isPost },
    { name: "revoke", url: url(revoke.style === "rfc7009" ? revoke.url : undefined) },
    {
      name: "revoke",
      url: url(revoke.style === "call" ? revoke.call.url : undefined),
      fits: ({ method }) => revoke.style === "call" && method === revoke.call.method,
    },
    { name: "identity", url: url(identity.call?.url), fits: (incoming) => isIdentityCall(registration, incoming) },
    { name: "introspect", url: url(introspect?.call?.url ?? introspect?.url) },
  ];
}

/** At the token endpoint: a refresh says so by its grant type, or by what it brings. */
function isRefresh({ provider }: Registration, { form, json, query }: Incoming): boolean {
  const { refresh } = provider;
  if (!refresh.supported) return false;
  const body = typeof json === "object" && json !== null ? Object.keys(json) : [...(form?.keys() ?? [])];
  const name = refresh.rename[refresh.with] ?? refresh.with;
  return body.includes(name) || query.has(name);
}

function isAt(url: URL, { host, path }: Incoming): boolean {
  return url.hostname === host && pathOf(url) === path;
}

/** A fragment is read by the page's own script; the scripted user sends it as a path. */
export function pathOf(url: URL): string {
  if (url.hash === "") return url.pathname;
  return `${url.pathname}%23${url.hash.slice(1).replace(/\?.*$/, "")}`;
}

function isApiHost({ provider, variables, clientId }: Registration, host: string): boolean {
  const rules = provider.api.hosts.map((rule) => {
    const filled = fillTemplate(rule, provider.variables, variables, clientId);
    return filled.ok ? filled.text : "nowhere.invalid";
  });
  return hostMatches(rules, host);
}
