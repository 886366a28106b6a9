import { placeholdersOf } from "../fill-template.ts";
import { hostMatches, isHostName, isSharedDomain, registrableDomain } from "../host-rule.ts";
import type { Provider } from "../schema.ts";
import type { Call } from "../schema/call.ts";
import { exampleHosts, exampleUrl, isOperatorsServer } from "./example-url.ts";
import type { Report } from "./issue.ts";
import { callsOf, serverUrlsOf, urlsOf, type PlacedUrl } from "./urls-of.ts";

/** URLs: variables only where they cannot move the host, and hosts that belong to the provider. */
export function checkUrls(provider: Provider, report: Report): void {
  for (const url of urlsOf(provider)) checkTemplate(provider, url, report);
  checkRelated(provider, report);
  const servers = serverUrlsOf(provider).flatMap(({ template }) => exampleUrl(provider, template)?.hostname ?? []);
  const allowed = [...servers, ...exampleHosts(provider)];
  for (const { path, call } of callsOf(provider)) {
    const host = exampleUrl(provider, call.url)?.hostname;
    if (host === undefined || !carriesSecret(call) || isOperatorsServer(provider, call.url)) continue;
    if (!hostMatches(allowed, host)) {
      const fix = "call a host of `api.hosts`, or add the host there";
      report("call-host", `${path}/url`, `the credential would go to ${host}`, fix);
    }
  }
}

/** Where in a template a variable may stand, by its kind. */
function checkTemplate(provider: Provider, { path, template }: PlacedUrl, report: Report): void {
  const parts = /^(https:\/\/)?([^/?#]*)(.*)$/s.exec(template);
  const [, scheme = "", authority = "", rest = ""] = parts ?? [];
  const misplaced = (name: string, where: string): void =>
    report("variable-place", path, `{${name}} cannot stand ${where}`, "see `kind` of variables in CONTRIBUTING.md");
  for (const name of placeholdersOf(template)) {
    const isClient = name === "client_id" && path.includes("/call/");
    if (!isClient && !Object.hasOwn(provider.variables, name)) {
      report("unknown-variable", path, `{${name}} is not declared`, "declare it under `variables`");
      return;
    }
    if (isClient && authority.includes("{client_id}")) misplaced(name, "in the host");
  }
  for (const name of placeholdersOf(authority)) {
    const kind = provider.variables[name]?.kind;
    const whole = authority === `{${name}}`;
    const isLabel =
      kind === "label" && new RegExp(`(?:^|\\.)\\{${name}\\}\\.`).test(authority) && hasPinnedEnd(authority);
    const fits =
      (kind === "base-url" && whole && scheme === "") ||
      (kind === "host" && whole && scheme !== "") ||
      (isLabel && scheme !== "");
    if (!fits) misplaced(name, "in the host");
  }
  if (scheme === "" && placeholdersOf(authority).length === 0)
    report("https", path, "no https URL", "begin with https://");
  for (const name of placeholdersOf(rest)) {
    const kind = provider.variables[name]?.kind;
    const whole = new RegExp(`[/=]\\{${name}\\}(?:[/?#&]|$)`).test(rest);
    if (!whole || (kind !== undefined && kind !== "segment" && kind !== "label")) misplaced(name, "here in the path");
  }
  const filled = exampleUrl(provider, template);
  if (!filled) return;
  const { hostname, username, password, port } = filled;
  if (/\/\.{1,2}(?:\/|$)/.test(rest)) report("host", path, "the path has dots for a folder", "write the path out");
  if (username || password || (port && !isOperatorsServer(provider, template)) || !isHostName(hostname)) {
    report("host", path, `${filled.host} is not a plain host name`, "name the provider's host, without user or port");
  } else if (isSharedDomain(hostname) && !isPlatform(hostname)) {
    report("shared-domain", path, `anybody can have a name like ${hostname}`, "use a host of the provider's own");
  }
}

/** `{shop}.myshopify.com`: behind the variables there must be a domain that one party owns. */
function hasPinnedEnd(authority: string): boolean {
  const fixed = authority.slice(authority.lastIndexOf("}") + 2);
  return fixed.includes(".") && !isSharedDomain(fixed);
}

/** APIs of Google and Azure live below domains where their customers have names as well. Named exactly, they are fine. */
function isPlatform(hostname: string): boolean {
  return /^[a-z0-9-]+\.googleapis\.com$|^(?:[a-z]+\.)?dev\.azure\.com$/.test(hostname);
}

/** The authorization server shares a domain with the API, the documentation, or the rest of itself. */
function checkRelated(provider: Provider, report: Report): void {
  const servers = serverUrlsOf(provider).filter(({ template }) => !isOperatorsServer(provider, template));
  const pages = [...Object.values(provider.docs), ...provider.sources]
    .filter((page) => page !== undefined)
    .map((page) => new URL(page).hostname);
  const own = [...exampleHosts(provider), ...pages].map(registrableDomain);
  for (const { path, template } of servers) {
    const host = exampleUrl(provider, template)?.hostname;
    if (host === undefined || path === "/authorize/issuer") continue;
    const domain = registrableDomain(host);
    const siblings = servers.filter(
      (other) => other.path !== path && registrableDomain(hostOf(provider, other)) === domain,
    );
    if (own.includes(domain) || siblings.length > 0) continue;
    const message = `${domain} has nothing to do with the API hosts, the documentation or the other endpoints`;
    report(
      "unrelated-host",
      path,
      message,
      "check the spelling, or add the documentation page that names it to `sources`",
    );
  }
}

function hostOf(provider: Provider, url: PlacedUrl): string {
  return exampleUrl(provider, url.template)?.hostname ?? "";
}

function carriesSecret(call: Call): boolean {
  return call.auth !== "none" || /\{(?:access_token|refresh_token|client_secret)\}/.test(JSON.stringify(call));
}
