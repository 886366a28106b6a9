import { placeholdersOf } from "../fill-template.ts";
import type { Provider } from "../schema.ts";
import type { Report } from "./issue.ts";
import { callsOf } from "./urls-of.ts";

const CALL_SECRETS: ReadonlySet<string> = new Set(["access_token", "refresh_token", "client_id", "client_secret"]);

/** The parts of an entry agree with each other. */
export function checkFlow(provider: Provider, report: Report): void {
  const { kind, authorize, refresh, identity, introspect } = provider;
  if ((kind === "oauth2" || kind === "oidc") && !authorize) {
    report("no-authorize", "/authorize", `${kind} needs an authorization endpoint`, "add `authorize`");
  }
  if (refresh.supported && refresh.singleUse && refresh.graceSeconds === undefined) {
    report("grace", "/refresh", "a single-use token needs graceSeconds", "write 0 when no grace is documented");
  }
  if (refresh.supported && refresh.singleUse && refresh.rotation !== "always" && refresh.with === "refresh_token") {
    report("rotation", "/refresh/rotation", "a token that works once must rotate always", "set rotation: always");
  }
  if (refresh.supported && !refresh.singleUse && refresh.graceSeconds !== undefined) {
    report("grace", "/refresh/graceSeconds", "grace is for single-use tokens", "set singleUse: true, or remove it");
  }
  if ((identity.from === "call") !== (identity.call !== undefined)) {
    report("identity", "/identity", "`call` belongs to `from: call`", "add or remove `call`");
  }
  if (identity.from === "id_token" && !authorize?.alwaysScopes.includes("openid")) {
    report("identity", "/identity/from", "an id token comes only with openid", "add openid to authorize.alwaysScopes");
  }
  if (kind === "github-app" && provider.strategy !== "github-app-installation") {
    report("strategy", "/strategy", "installation tokens need code", "set strategy: github-app-installation");
  }
  const how = introspect && (introspect.style === "rfc7662" ? introspect.url : introspect.call);
  if (introspect && how === undefined) {
    report("introspect", "/introspect", "no address", "rfc7662 needs `url`, call needs `call`");
  }
  if (provider.token.expiryFrom.includes("introspection") && !introspect) {
    report("introspect", "/token/expiryFrom", "there is no introspection", "add `introspect`");
  }
  checkScopes(provider, report);
  checkErrors(provider, report);
  checkPlaceholders(provider, report);
}

function checkScopes({ authorize, scopes }: Provider, report: Report): void {
  const known = new Set<string>();
  for (const [index, { id }] of scopes.entries()) {
    if (known.has(id)) report("duplicate", `/scopes/${index}/id`, `${id} is there twice`, "remove one");
    known.add(id);
  }
  const separator = authorize?.scopeSeparator;
  for (const [index, scope] of scopes.entries()) {
    for (const implied of scope.implies) {
      if (!known.has(implied))
        report("unknown-scope", `/scopes/${index}/implies`, `${implied} is not listed`, "add it");
    }
    if (scope.audience === "user" && authorize && authorize.userScopeParam === undefined) {
      report(
        "audience",
        `/scopes/${index}/audience`,
        "there is one token only",
        "add authorize.userScopeParam, or remove it",
      );
    }
    if (separator !== undefined && separator !== "none" && scope.id.includes(separator)) {
      report("separator", `/scopes/${index}/id`, "holds the separator of scopes", "correct scopeSeparator");
    }
  }
  for (const scope of authorize?.alwaysScopes ?? []) {
    if (!known.has(scope)) report("unknown-scope", "/authorize/alwaysScopes", `${scope} is not listed`, "add it");
    if (separator === "none")
      report("separator", "/authorize/alwaysScopes", "the provider takes no scopes", "remove it");
  }
}

function checkErrors({ errors }: Provider, report: Report): void {
  const seen = new Map<string, string>();
  for (const kind of ["reauth", "permanent", "transient", "scope"] as const) {
    for (const code of errors[kind]) {
      const other = seen.get(code);
      if (other) report("error-class", `/errors/${kind}`, `${code} is ${other} already`, "decide for one");
      seen.set(code, kind);
    }
  }
}

function checkPlaceholders(provider: Provider, report: Report): void {
  for (const { path, call } of callsOf(provider)) {
    const bodies = [call.form, call.json, call.graphql].filter((body) => body !== undefined);
    if (bodies.length > 1) report("call-body", path, "more than one body", "keep one of form, json, graphql");
    if (bodies.length > 0 && call.method === "GET") report("call-body", path, "GET has no body", "set method: POST");
    if (call.auth === "strategy" && provider.strategy === undefined) {
      report("strategy", `${path}/auth`, "there is no strategy", "name one under `strategy`");
    }
    const { headers, query, form, json } = call;
    for (const name of placeholdersOf(stringsOf({ headers, query, form, json }).join(" "))) {
      if (!CALL_SECRETS.has(name) && !Object.hasOwn(provider.variables, name)) {
        report("unknown-variable", path, `{${name}} is not declared`, "declare it under `variables`");
      }
    }
  }
  for (const name of placeholdersOf(Object.values(provider.api.headers).join(" "))) {
    if (name !== "client_id" && !Object.hasOwn(provider.variables, name)) {
      report("unknown-variable", "/api/headers", `{${name}} is not declared`, "declare it under `variables`");
    }
  }
  if (Object.keys(provider.api.headers).some((name) => name.toLowerCase() === "authorization")) {
    report("api-headers", "/api/headers", "the credential is put in by the vault", "use api.inject");
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}
