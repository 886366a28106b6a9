import { checkCall } from "./call-check.ts";
import { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";
import { issueTokens } from "./token-answer.ts";

/** A short-lived token is changed for a long-lived one. */
export function answerLongLived(
  registration: Registration,
  incoming: Incoming,
  now: number,
): { check: Check; reply: Reply } {
  const { provider, book } = registration;
  const { token, fixtures } = provider;
  const check = new Check();
  if (!token.longLived || !fixtures.longLived) throw new Error(`${provider.id} has no exchange`);
  const carried = checkCall(check, registration, token.longLived, incoming);
  const old = book.useAccess(carried.get("access_token") ?? carried.get("bearer") ?? "");
  if (!old) check.fail("exchange: the short-lived token is not alive");
  if (!old || check.problems.length > 0) {
    return {
      check,
      reply: fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(400, { error: "invalid_grant" }),
    };
  }
  const reply = issueTokens({
    registration,
    family: old.family,
    fixture: fixtures.longLived,
    answer: token.answer,
    now,
    refreshFor: () => null,
  });
  return { check, reply };
}
