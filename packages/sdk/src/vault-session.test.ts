import { inspect } from "node:util";
import { HEADER, makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { BackendError, AlterValueError } from "./errors.ts";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem, sendProvider, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const SESSION_ID = "0190a3f0-6666-7000-8000-000000000006";
const USER_ID = "0190a3f0-7777-7000-8000-000000000007";
const TOKEN = "alter_sess_fake-session-token";
const SESSION = {
  session_id: SESSION_ID,
  session_token: TOKEN,
  user_id: USER_ID,
  agent_id: null,
  scopes: ["proxy:execute"],
  providers: ["github"],
  grants: null,
  expires_in: 300,
  expires_at: AT,
};
const fake = useFakeVault();

test("a session is made, used like a user token, and ended", async () => {
  fake.server.answer(
    (_, response) => sendVaultJson(response, 201, SESSION),
    (_, response) => sendProvider(response, 200, {}, "{}"),
    (_, response) => sendVaultJson(response, 200, { session_id: SESSION_ID, revoked_at: AT }),
  );
  const session = await fake.vault.createVaultSession({
    userToken: "fake.user.token",
    scopes: ["proxy:execute"],
    providers: ["github"],
    grants: [GRANT_ID.toUpperCase()],
    agentId: USER_ID,
    expiresInSeconds: 300,
  });
  expect(session).toEqual({
    sessionId: SESSION_ID,
    userId: USER_ID,
    agentId: null,
    scopes: ["proxy:execute"],
    providers: ["github"],
    grants: null,
    expiresIn: 300,
    expiresAt: AT,
  });
  expect(inspect(session) + JSON.stringify(session)).not.toContain(TOKEN);
  expect(fake.sentBody()).toEqual({
    scopes: ["proxy:execute"],
    providers: ["github"],
    grants: [GRANT_ID],
    agent_id: USER_ID,
    expires_in_seconds: 300,
  });
  await fake.vault.request("GET", "https://api.example.com/", {
    provider: "github",
    userToken: session.sessionToken,
  });
  expect(await fake.vault.revokeVaultSession(SESSION_ID)).toEqual({ sessionId: SESSION_ID, revokedAt: AT });
  expect(fake.server.seen.map(({ path, headers }) => [path, headers[HEADER.userToken]])).toEqual([
    ["/v1/sessions", "fake.user.token"],
    ["/v1/request", TOKEN],
    [`/v1/sessions/${SESSION_ID}/revoke`, undefined],
  ]);
});

test("a session that asks for too much is an error of the vault", async () => {
  fake.server.answer((_, response) => sendProblem(response, makeProblem("session_too_wide", "no")));
  const failure: unknown = await fake.vault.createVaultSession({ userToken: TOKEN }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(BackendError);
  expect(failure).toMatchObject({ code: "session_too_wide" });
});

test.each([
  ["a scope that does not exist", { scopes: ["everything"] }, /"scopes\.0"/],
  ["no provider at all", { providers: [] }, /"providers"/],
  ["a grant by name", { grants: ["github"] }, /UUID of a grant/],
  ["two days", { expiresInSeconds: 172_800 }, /"expiresInSeconds"/],
  ["an option of Connect", { allowedProviders: ["github"] }, /no option "allowedProviders"/],
])("%s is refused before anything is sent", async (_name, options, message) => {
  const failure = fake.vault.createVaultSession(options as object);
  await expect(failure).rejects.toThrow(AlterValueError);
  await expect(failure).rejects.toThrow(message);
  expect(fake.server.seen).toHaveLength(0);
});
