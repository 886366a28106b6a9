import { makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { errorFromProblem } from "./error-from-problem.ts";
import { GrantNotFoundError, NetworkError, PolicyViolationError, ScopeReauthRequiredError } from "./errors.ts";
import { FAKE_SESSION, sendSession } from "./fake-connect.test-support.ts";
import { GRANT_ID, sendProblem } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const link = { url: FAKE_SESSION.connect_url, expiresAt: FAKE_SESSION.expires_at };
const nothing = { grantId: null, providerId: null, missingScopes: [], approvalId: null };

test("a dead grant: connect it again", async () => {
  fake.server.answer(sendSession);
  const problem = makeProblem("reauth_required", "dead", { grant_id: GRANT_ID, provider_id: "google" });
  expect(await fake.vault.actionFor(errorFromProblem(problem), { returnUrl: "https://app.example/" })).toEqual({
    ...nothing,
    ...link,
    type: "connect_required",
    message: "The user must connect the google account first.",
    grantId: GRANT_ID,
    providerId: "google",
  });
  expect(fake.sentBody()).toMatchObject({ grant_id: GRANT_ID, return_url: "https://app.example/" });
});

test("missing scopes: allow more", async () => {
  fake.server.answer(sendSession);
  const error = new ScopeReauthRequiredError("why", { providerId: "google", missingScopes: ["write"] });
  expect(await fake.vault.actionFor(error)).toMatchObject({
    ...link,
    type: "scope_required",
    missingScopes: ["write"],
  });
  expect(fake.sentBody()).toMatchObject({ required_scopes: { google: ["write"] } });
});

test("an approval: where it is approved, which the vault itself says", async () => {
  const more = {
    approval_id: "a1",
    approval_url: "https://vault.example/a",
    approval_expires_at: "2026-01-02T03:04:05Z",
  };
  const error = errorFromProblem(makeProblem("approval_required", "ask", { ...more, provider_id: "google" }));
  expect(await fake.vault.actionFor(error)).toEqual({
    ...nothing,
    type: "approval_required",
    url: "https://vault.example/a",
    message: "Somebody must approve this call first.",
    providerId: "google",
    approvalId: "a1",
    expiresAt: "2026-01-02T03:04:05Z",
  });
  expect(fake.server.seen).toEqual([]);
});

test("that connecting is not set up does not hide that the user is not connected", async () => {
  fake.server.answer((_, response) => sendProblem(response, makeProblem("provider_not_configured", "no client")));
  const error = new GrantNotFoundError("why", { providerId: "google" });
  expect(await fake.vault.actionFor(error)).toMatchObject({ type: "connect_required", url: null });
});

test.each([
  ["a denial", new PolicyViolationError("no")],
  ["no network", new NetworkError("no")],
  ["a grant that nobody knows", new GrantNotFoundError("no")],
  ["an error of somebody else", new Error("no")],
])("%s: nobody can do anything", async (_, error) => {
  expect(await fake.vault.actionFor(error)).toBeNull();
  expect(fake.server.seen).toEqual([]);
});

test("the link is for the user of the view", async () => {
  fake.server.answer(sendSession);
  const error = new GrantNotFoundError("why", { providerId: "google" });
  await fake.vault.with({ userToken: "fake-user-token" }).actionFor(error);
  expect(fake.server.seen[0]?.headers["alter-user-token"]).toBe("fake-user-token");
});
