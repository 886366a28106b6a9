import { createHmac } from "node:crypto";
import type { Call } from "@alter-vault/providers";
import type { Check } from "./check.ts";
import { checkBasic } from "./client-auth.ts";
import { verifiedClaims } from "./fake-jwt.ts";
import type { Incoming } from "./incoming.ts";
import type { Registration } from "./registration.ts";

/** The tokens a call carries, by the name of their placeholder or `bearer`. */
export type Carried = ReadonlyMap<"access_token" | "refresh_token" | "bearer", string>;

/** Whether a request is the one that the entry describes, part by part. */
export function checkCall(check: Check, registration: Registration, call: Call, incoming: Incoming): Carried {
  const carried = new Map<"access_token" | "refresh_token" | "bearer", string>();
  const matches = (template: string, actual: unknown): boolean =>
    matchTemplate(registration, template, actual, carried);
  check.that(incoming.method === call.method, `is a ${incoming.method}, not a ${call.method}`);
  checkAuth(check, registration, call, incoming, carried);

  const query = new URLSearchParams(incoming.query);
  const { inject } = registration.provider.api;
  if (call.auth === "bearer") {
    if (inject.kind === "query") query.delete(inject.name);
    checkAppSecretProof(check, registration, query, carried.get("bearer") ?? "");
  }
  checkPairs(check, "query", query, call.query, matches);
  if (call.form) checkPairs(check, "form", incoming.form ?? new URLSearchParams(), call.form, matches);
  else if (call.json) checkJson(check, "body", call.json, incoming.json, matches);
  else if (call.graphql !== undefined) checkJson(check, "body", { query: call.graphql }, incoming.json, matches);
  else check.that(incoming.body === "", "has a body");

  const headers = { ...registration.provider.api.headers, ...call.headers };
  for (const [name, template] of Object.entries(headers)) {
    const given = incoming.headers[name.toLowerCase()];
    check.that(
      matches(template, given),
      `header ${name}: is ${given === undefined ? "missing" : `"${given}"`}, not "${template}"`,
    );
  }
  return carried;
}

function checkAuth(
  check: Check,
  registration: Registration,
  { auth, headers }: Call,
  incoming: Incoming,
  carried: Map<string, string>,
): void {
  const authorization = incoming.headers["authorization"];
  switch (auth) {
    case "basic":
      return checkBasic(check, registration, authorization);
    case "bearer": {
      const token = injectedToken(registration, incoming);
      if (token === null) check.fail("the token is not where the entry wants it");
      else carried.set("bearer", token);
      return;
    }
    case "none": {
      const ownHeader = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
      return check.that(ownHeader || authorization === undefined, "has an authorization header");
    }
    case "strategy":
      return check.that(appJwtIsRight(registration, authorization), "is not signed by the app's key");
  }
}

/** The credential of a call, found by the entry's way of injecting it. Null when it is not there, or in a second place. */
export function injectedToken({ provider: { api } }: Registration, { headers, query }: Incoming): string | null {
  const { inject } = api;
  switch (inject.kind) {
    case "bearer":
      return /^Bearer (\S+)$/.exec(headers["authorization"] ?? "")?.[1] ?? null;
    case "header": {
      const value = headers[inject.name.toLowerCase()] ?? "";
      const prefix = inject.prefix === undefined ? "" : `${inject.prefix} `;
      return value.startsWith(prefix) && value !== prefix ? value.slice(prefix.length) : null;
    }
    case "query":
      return query.get(inject.name);
  }
}

/** GitHub: a JWT of at most ten minutes, `iss` being the app. */
export function appJwtIsRight({ clientKey, clientId }: Registration, authorization: string | undefined): boolean {
  const claims = verifiedClaims(authorization?.replace(/^Bearer /, "") ?? "", clientKey);
  if (!claims) return false;
  const { iat, exp, iss } = claims;
  return iss === clientId && typeof iat === "number" && typeof exp === "number" && exp - iat <= 660;
}

/** Meta, "Securing requests": HMAC-SHA256 of the token, by the app's secret. */
export function checkAppSecretProof(
  check: Check,
  { provider, clientSecret }: Registration,
  query: URLSearchParams,
  token: string,
): void {
  if (provider.strategy !== "meta-appsecret-proof") return;
  const proof = createHmac("sha256", clientSecret).update(token).digest("hex");
  check.that(query.get("appsecret_proof") === proof, "appsecret_proof is missing or wrong");
  query.delete("appsecret_proof");
}

function checkPairs(
  check: Check,
  what: string,
  actual: URLSearchParams,
  expected: Readonly<Record<string, string>>,
  matches: (template: string, actual: unknown) => boolean,
): void {
  for (const [name, template] of Object.entries(expected)) {
    check.that(matches(template, actual.get(name)), `${what}: ${name} is not ${template}`);
  }
  for (const name of new Set(actual.keys())) {
    check.that(Object.hasOwn(expected, name), `${what}: ${name} does not belong there`);
  }
}

function checkJson(
  check: Check,
  at: string,
  expected: unknown,
  actual: unknown,
  matches: (template: string, actual: unknown) => boolean,
): void {
  if (typeof expected === "string") return check.that(matches(expected, actual), `${at} is not ${expected}`);
  if (typeof expected !== "object" || expected === null)
    return check.that(expected === actual, `${at} is not ${String(expected)}`);
  if (typeof actual !== "object" || actual === null) return check.fail(`${at} is not JSON of this form`);
  const given = actual as Record<string, unknown>;
  for (const [name, value] of Object.entries(expected)) checkJson(check, `${at}/${name}`, value, given[name], matches);
  for (const name of Object.keys(given)) {
    check.that(Object.hasOwn(expected, name), `${at}/${name} does not belong there`);
  }
}

function matchTemplate(
  { clientId, clientSecret, variables }: Registration,
  template: string,
  actual: unknown,
  carried: Map<string, string>,
): boolean {
  if (typeof actual !== "string") return false;
  const names: string[] = [];
  const pattern = template.replace(/\{(\w+)\}|[^{]+|\{/g, (part, name: string | undefined) => {
    if (name === undefined) return escape(part);
    if (name === "access_token" || name === "refresh_token") return names.push(name) > 0 ? "(.+)" : "";
    if (name === "client_id") return escape(clientId);
    if (name === "client_secret") return escape(clientSecret);
    return escape(variables[name] ?? part);
  });
  const match = new RegExp(`^${pattern}$`, "s").exec(actual);
  for (const [index, name] of names.entries())
    if (match?.[index + 1] !== undefined) carried.set(name, match[index + 1] ?? "");
  return match !== null;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
