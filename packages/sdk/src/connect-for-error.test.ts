import { beforeEach, expect, test } from "vitest";
import type { ConnectForErrorOptions } from "./connect-for-error.ts";
import {
  AlterValueError,
  AmbiguousGrantError,
  GrantDeletedError,
  GrantExpiredError,
  GrantNotFoundError,
  GrantRevokedError,
  NetworkError,
  PolicyViolationError,
  ProviderAPIError,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
} from "./errors.ts";
import { FAKE_SESSION_TOKEN, sendSession } from "./fake-connect.test-support.ts";
import { GRANT_ID } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
beforeEach(() => {
  fake.server.answer(sendSession);
});

const both = { grantId: GRANT_ID, providerId: "google" };
const again = { grant_id: GRANT_ID, allowed_providers: ["google"] };
const anew = { allowed_providers: ["google"] };

test.each<[string, unknown, object]>([
  ["ReAuthRequiredError", new ReAuthRequiredError("why", both), again],
  ["GrantExpiredError", new GrantExpiredError("why", both), again],
  ["GrantRevokedError", new GrantRevokedError("why", both), again],
  ["a grant whose provider is not known", new GrantRevokedError("why", { grantId: GRANT_ID }), { grant_id: GRANT_ID }],
  ["a provider whose grant is not known", new ReAuthRequiredError("why", { providerId: "google" }), anew],
  ["GrantDeletedError", new GrantDeletedError("why", both), anew],
  ["GrantNotFoundError", new GrantNotFoundError("why", both), anew],
  [
    "ScopeReauthRequiredError",
    new ScopeReauthRequiredError("why", { ...both, missingScopes: ["calendar.write"] }),
    { ...again, required_scopes: { google: ["calendar.write"] } },
  ],
  ["missing scopes that nobody names", new ScopeReauthRequiredError("why", both), again],
])("%s", async (_name, error, body) => {
  expect(await fake.vault.createConnectSessionForError(error)).toMatchObject({ sessionToken: FAKE_SESSION_TOKEN });
  expect(fake.server.seen[0]?.path).toBe("/v1/connect/sessions");
  expect(fake.sentBody()).toEqual(body);
});

test("options are added, and one that is undefined hides nothing", async () => {
  const options = { returnUrl: "https://app.example/done", agent: "mail-agent", requiredScopes: undefined };
  const error = new ScopeReauthRequiredError("why", { ...both, missingScopes: ["calendar.write"] });
  await fake.vault.createConnectSessionForError(error, options);
  expect(fake.sentBody()).toEqual({
    ...again,
    required_scopes: { google: ["calendar.write"] },
    return_url: "https://app.example/done",
    agent: "mail-agent",
  });
});

test("the provider may be said where the error does not", async () => {
  await fake.vault.createConnectSessionForError(new GrantNotFoundError("why", { grantId: GRANT_ID }), {
    allowedProviders: ["google"],
  });
  expect(fake.sentBody()).toEqual(anew);
});

test.each<[string, unknown, RegExp, object?]>([
  ["a wrong grant id", new GrantNotFoundError("why", { grantId: GRANT_ID }), /Pass \{ allowedProviders/],
  ["a deleted grant of an unknown provider", new GrantDeletedError("why", { grantId: GRANT_ID }), /allowedProviders/],
  ["an error that says nothing", new ReAuthRequiredError("why"), /allowedProviders/],
  ["a choice among several", new AmbiguousGrantError("why", both), /does not mend/],
  ["a policy", new PolicyViolationError("why", both), /does not mend/],
  ["another 403", new ProviderAPIError("why", { statusCode: 403 }), /does not mend/],
  ["the network", new NetworkError("why"), /does not mend/],
  ["an error of somebody else", Object.assign(new Error("why"), both), /does not mend/],
  ["nothing", undefined, /does not mend/],
  ["another grant", new ReAuthRequiredError("why", both), /no option "grantId"/, { grantId: GRANT_ID }],
])("%s is refused before anything is sent", async (_name, error, message, options) => {
  const failure = fake.vault.createConnectSessionForError(error, options as ConnectForErrorOptions);
  await expect(failure).rejects.toThrow(AlterValueError);
  await expect(failure).rejects.toThrow(message);
  expect(fake.server.seen).toHaveLength(0);
});
