import type { Provider } from "@alter-vault/providers";
import { checkAppSecretProof, injectedToken } from "./call-check.ts";
import { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";
import { setAt } from "./set-at.ts";

/** A call that reached the API with a live token. */
export interface ApiCall {
  readonly provider: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly familyId: string;
  /** `main`, or the name of a further token. */
  readonly token: string;
}

/** Any call to one of the hosts of the API. */
export function answerApi(
  registration: Registration,
  incoming: Incoming,
  calls: ApiCall[],
): { check: Check; reply: Reply } {
  const { provider, book, behaviour, clientId } = registration;
  const check = new Check();
  const given = injectedToken(registration, incoming);
  if (given === null) check.fail("api: the token is not where the entry wants it");
  if (!usesAuthorization(provider)) {
    check.that(incoming.headers["authorization"] === undefined, "api: has an authorization header");
  }
  for (const [name, value] of Object.entries(provider.api.headers)) {
    check.that(
      incoming.headers[name.toLowerCase()] === value.replaceAll("{client_id}", clientId),
      `api: header ${name} is ${incoming.headers[name.toLowerCase()] ?? "missing"}`,
    );
  }
  checkAppSecretProof(check, registration, new URLSearchParams(incoming.query), given ?? "");
  const token = given === null ? null : book.useAccess(given);
  const trouble = behaviour.apiTrouble.shift();
  if (check.problems.length > 0) return { check, reply: jsonReply(400, { error: "invalid_request" }) };
  if (!token || trouble === "unauthorized") return { check, reply: unauthorized(provider) };
  if (trouble === "transient") return { check, reply: jsonReply(503, { error: "temporarily_unavailable" }) };
  if (trouble === "scope") {
    const { scopeError } = provider.fixtures;
    return { check, reply: scopeError ? fixtureReply(scopeError) : jsonReply(403, { error: "insufficient_scope" }) };
  }
  const { method, host, path } = incoming;
  calls.push({ provider: provider.id, method, host, path, familyId: token.family.id, token: token.name });
  return { check, reply: jsonReply(200, { ok: true, provider: provider.id, method, host, path, token: token.name }) };
}

/** As bearer, or with a word of its own before the token. */
function usesAuthorization({ api: { inject } }: Provider): boolean {
  return inject.kind === "bearer" || (inject.kind === "header" && inject.name.toLowerCase() === "authorization");
}

/** The token is not alive. Providers with errors in HTTP 200 say that in HTTP 200, too. */
function unauthorized({ errors }: Provider): Reply {
  if (errors.inBand?.ok === undefined) return jsonReply(401, { error: "invalid_token" });
  const code = errors.reauth.find((name) => /token_expired|invalid_auth/.test(name)) ?? errors.reauth[0];
  const json: Record<string, unknown> = { ok: false, error: code };
  setAt(json, errors.inBand.ok, false);
  setAt(json, errors.code, code);
  return jsonReply(200, json);
}
