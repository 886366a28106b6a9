import { checkCall } from "./call-check.ts";
import { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";

/** Who the account belongs to. */
export function answerIdentity(registration: Registration, incoming: Incoming): { check: Check; reply: Reply } {
  const { provider, book } = registration;
  const { call } = provider.identity;
  const check = new Check();
  if (!call || !provider.fixtures.identity) throw new Error(`${provider.id} has no identity call`);
  const carried = checkCall(check, registration, call, incoming);
  const token = carried.get("bearer") ?? carried.get("access_token");
  if (token !== undefined && !book.useAccess(token))
    return { check, reply: jsonReply(401, { error: "invalid_token" }) };
  return {
    check,
    reply:
      check.problems.length > 0
        ? jsonReply(400, { error: "invalid_request" })
        : fixtureReply(provider.fixtures.identity),
  };
}

/** Whether a request to the identity's URL is that call, and not another one of the API. */
export function isIdentityCall({ provider }: Registration, { method, json }: Incoming): boolean {
  const { call } = provider.identity;
  if (!call || method !== call.method) return false;
  if (call.graphql === undefined) return true;
  return typeof json === "object" && json !== null && "query" in json && json.query === call.graphql;
}
