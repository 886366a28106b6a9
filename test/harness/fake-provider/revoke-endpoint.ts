import type { Revoke } from "@alter-vault/providers";
import { checkCall } from "./call-check.ts";
import { Check } from "./check.ts";
import { checkClientAuth, clientParams } from "./client-auth.ts";
import type { Incoming } from "./incoming.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { urlOf, type Registration } from "./registration.ts";
import { readParams } from "./request-params.ts";

/** Disconnecting for real: what the entry says it ends is ended. */
export function answerRevoke(registration: Registration, incoming: Incoming): { check: Check; reply: Reply } {
  const { provider, book } = registration;
  const { revoke } = provider;
  const check = new Check();
  if (revoke.style === "none") throw new Error(`${provider.id} has no revocation`);
  const tokens =
    revoke.style === "rfc7009"
      ? standardRevocation(check, registration, revoke, incoming)
      : [...checkCall(check, registration, revoke.call, incoming).values()];
  const known = tokens.flatMap((token) => book.accessTokens.get(token) ?? book.refreshTokens.get(token) ?? []);
  if (tokens.length > 0) check.that(known.length > 0, "revoke: the token was never given out");
  if (check.problems.length > 0) return { check, reply: jsonReply(400, { error: "invalid_request" }) };
  // Some revoke by the account and not by a token.
  const families = tokens.length > 0 ? known.map(({ family }) => family) : book.families;
  for (const { value } of known) book.endToken(value);
  if (revoke.kills !== "token") for (const family of families) book.end(family);
  return { check, reply: jsonReply(200, { ok: true }) };
}

function standardRevocation(
  check: Check,
  registration: Registration,
  revoke: Revoke & { readonly style: "rfc7009" },
  incoming: Incoming,
): string[] {
  const { provider, book } = registration;
  const clientAuth = revoke.clientAuth ?? provider.token.clientAuth;
  const url = urlOf(registration, revoke.url);
  const params = readParams(check, incoming, "POST", revoke.body, url);
  const expected = {
    token: null,
    ...(clientAuth === "none" ? {} : clientParams(clientAuth, registration)),
    ...revoke.params,
  };
  check.params("revoke", params, expected, ["token_type_hint", ...(clientAuth === "none" ? ["client_id"] : [])]);
  check.headers(incoming.headers, revoke.headers);
  checkClientAuth(check, clientAuth, registration, incoming, params, url?.href ?? "");
  const token = params.get("token") ?? "";
  const isRefresh = book.refreshTokens.has(token);
  if (revoke.send === "access_token") check.that(!isRefresh, "revoke: takes access tokens only");
  const hint = params.get("token_type_hint");
  if (hint !== null) check.that((hint === "refresh_token") === isRefresh, `revoke: the token is no ${hint}`);
  return [token];
}
