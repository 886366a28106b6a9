import { placeholdersOf } from "../fill-template.ts";
import { hostMatches, isHostName, isSharedDomain } from "../host-rule.ts";
import type { Provider } from "../schema.ts";
import type { Operation } from "../schema/api.ts";
import { exampleHosts, exampleUrl, isOperatorsServer } from "./example-url.ts";
import type { Report } from "./issue.ts";

/** The hosts that see the credential, and the operations on them. */
export function checkApi(provider: Provider, report: Report): void {
  const { hosts, baseUrl } = provider.api;
  for (const [index, host] of hosts.entries()) checkHost(provider, host, `/api/hosts/${index}`, report);
  const allowed = exampleHosts(provider);
  const base = exampleUrl(provider, baseUrl)?.hostname;
  if (base !== undefined && !hostMatches(allowed, base) && !isOperatorsServer(provider, baseUrl)) {
    report("api-host", "/api/baseUrl", `${base} is not on api.hosts`, "add it to api.hosts");
  }
  // A host that the provider tells us is only as good as the list it is held against.
  for (const name of placeholdersOf(baseUrl)) {
    if (hosts.includes(`{${name}}`)) continue;
    for (const host of provider.variables[name]?.hosts ?? []) {
      if (!allowed.includes(host) && !hostMatches(allowed, host.replace("*.", "x."))) {
        report("api-host", `/variables/${name}/hosts`, `${host} is not on api.hosts`, "add it to api.hosts");
      }
    }
  }
  const seen = new Set<string>();
  for (const [index, operation] of provider.operations.entries()) {
    const path = `/operations/${index}`;
    if (seen.has(operation.id)) report("duplicate", `${path}/id`, `${operation.id} is there twice`, "rename one");
    seen.add(operation.id);
    checkOperation(provider, operation, path, allowed, report);
  }
}

function checkHost(provider: Provider, host: string, path: string, report: Report): void {
  for (const name of placeholdersOf(host)) {
    const variable = provider.variables[name];
    if (!variable) {
      report("unknown-variable", path, `{${name}} is not declared`, "declare it under `variables`");
      return;
    }
    const whole = host === `{${name}}`;
    if ((variable.kind === "host") !== whole || (variable.kind !== "host" && variable.kind !== "label")) {
      report("variable-place", path, `{${name}} cannot stand here`, "labels before a fixed domain, or a whole host");
      return;
    }
    if (whole) return;
  }
  const fixed = host.includes("}") ? host.slice(host.lastIndexOf("}") + 2) : host.replace(/^\*\./, "");
  const wide = host.startsWith("*.") || host.includes("}");
  if (wide && isSharedDomain(fixed)) {
    const message = fixed === "" ? "nothing is pinned" : `anybody can have a name below ${fixed}`;
    report("shared-domain", path, message, "name the hosts exactly");
  } else if (!isHostName(fixed)) {
    report("host", path, `${host} is not a host name`, "write it like api.example.com");
  }
}

function checkOperation(
  provider: Provider,
  operation: Operation,
  path: string,
  allowed: readonly string[],
  report: Report,
): void {
  const known = new Set(provider.scopes.map(({ id }) => id));
  for (const scope of [...operation.scopes, ...operation.anyScope]) {
    if (!known.has(scope)) report("unknown-scope", path, `scope ${scope} is not listed`, "add it under `scopes`");
  }
  const target = operation.path.startsWith("/") ? `https://base.example${operation.path}` : operation.path;
  // Parameters of the call are not variables of the entry: they are only ever whole or part of a path segment.
  const url = URL.canParse(target) ? new URL(target.replaceAll(/\{[a-zA-Z][a-zA-Z0-9_]*\}/g, "x")) : undefined;
  if (!url || /[{}]/.test(decodeURI(url.href)) || /\/\.{1,2}(?:\/|$)/.test(target) || target.includes("//", 8)) {
    report("operation-path", `${path}/path`, "not a path", "write it like /v1/things/{id}");
  } else if (!operation.path.startsWith("/")) {
    const host = /^https:\/\/([^/]*)/.exec(operation.path)?.[1] ?? "";
    const hosts = exampleUrl(provider, `https://${host}/`)?.hostname ?? host;
    if (!hostMatches(allowed, hosts)) {
      report("operation-host", `${path}/path`, `${host} is not on api.hosts`, "add the host, or correct the path");
    }
  }
  if (operation.graphql !== undefined && operation.method !== "POST") {
    report("graphql", `${path}/method`, "GraphQL is sent by POST", "set method: POST");
  }
  const harmless = operation.method === "DELETE" && operation.access === "read";
  if (harmless) report("operation-access", `${path}/access`, "DELETE does not read", "set access: destructive");
}
