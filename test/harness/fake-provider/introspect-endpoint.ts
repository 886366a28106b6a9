import { checkCall } from "./call-check.ts";
import { Check } from "./check.ts";
import { checkClientAuth, clientParams } from "./client-auth.ts";
import type { Incoming } from "./incoming.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { urlOf, type Registration } from "./registration.ts";
import { readParams } from "./request-params.ts";
import { setAt } from "./set-at.ts";

/** Whether a token is alive, and until when: RFC 7662, or the provider's own call. */
export function answerIntrospect(
  registration: Registration,
  incoming: Incoming,
  now: number,
): { check: Check; reply: Reply } {
  const { provider, book } = registration;
  const { introspect, fixtures, token: tokens } = provider;
  const check = new Check();
  if (!introspect) throw new Error(`${provider.id} has no introspection`);
  let value: string;
  if (introspect.call) {
    const carried = checkCall(check, registration, introspect.call, incoming);
    value = carried.get("access_token") ?? carried.get("bearer") ?? "";
  } else {
    const clientAuth = introspect.clientAuth ?? tokens.clientAuth;
    const url = urlOf(registration, introspect.url);
    const params = readParams(check, incoming, "POST", "form", url);
    const expected = { token: null, ...clientParams(clientAuth, registration), ...introspect.params };
    check.params("introspect", params, expected, ["token_type_hint"]);
    checkClientAuth(check, clientAuth, registration, incoming, params, url?.href ?? "");
    value = params.get("token") ?? "";
  }
  if (check.problems.length > 0) return { check, reply: jsonReply(400, { error: "invalid_request" }) };
  const token = book.useAccess(value);
  const json = structuredClone(fixtures.introspect?.json ?? { active: true, exp: 0 });
  const ends = token?.expiresAt ?? null;
  setAt(json, introspect.active ?? "/active", token !== null);
  setAt(json, introspect.exp, ends === null ? undefined : Math.floor(ends / 1000));
  setAt(json, introspect.expiresIn, ends === null ? undefined : Math.floor((ends - now) / 1000));
  return { check, reply: jsonReply(200, json) };
}
