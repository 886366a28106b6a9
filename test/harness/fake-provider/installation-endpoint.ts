import { appJwtIsRight } from "./call-check.ts";
import { Check } from "./check.ts";
import type { Incoming } from "./incoming.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";
import { issueTokens } from "./token-answer.ts";

/** GitHub, "Create an installation access token for an app". There is no code: the app's key is the proof. */
export function answerInstallation(
  registration: Registration,
  incoming: Incoming,
  now: number,
): { check: Check; reply: Reply } {
  const { provider, book } = registration;
  const { token, fixtures } = provider;
  const check = new Check();
  check.that(incoming.method === "POST", `is a ${incoming.method}, not a POST`);
  check.that(appJwtIsRight(registration, incoming.headers["authorization"]), "is not signed by the app's key");
  check.headers(incoming.headers, token.headers);
  if (check.problems.length > 0) {
    return { check, reply: fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(401, {}) };
  }
  const family = book.families.find(({ alive }) => alive) ?? book.openFamily([]);
  if (book.accessTokens.size > 0) family.refreshes++;
  const reply = issueTokens({
    registration,
    family,
    fixture: fixtures.token,
    answer: token.answer,
    now,
    refreshFor: () => null,
  });
  return { check, reply };
}
