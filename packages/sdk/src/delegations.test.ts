import { HEADER, makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { UserTokenError } from "./agent-errors.ts";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const [DELEGATION_ID, APP_ID, AGENT_ID, USER_ID] = [1, 2, 3, 4].map(
  (n) => `0190a3f0-000${n}-7000-8000-00000000000${n}`,
) as [string, string, string, string];
const DELEGATION = {
  delegation_id: DELEGATION_ID,
  app_id: APP_ID,
  agent_id: AGENT_ID,
  grant_id: GRANT_ID,
  provider_id: "github",
  user_id: USER_ID,
  status: "active",
  created_at: AT,
  expires_at: AT,
  revoked_at: null,
};
const INFO = {
  delegationId: DELEGATION_ID,
  appId: APP_ID,
  agentId: AGENT_ID,
  grantId: GRANT_ID,
  providerId: "github",
  userId: USER_ID,
  status: "active",
  createdAt: AT,
  expiresAt: AT,
  revokedAt: null,
};

const fake = useFakeVault();

test("a user lets an agent use a grant, looks, and takes it back", async () => {
  const user = fake.vault.withUser("fake.user.token");
  fake.server.answer((_, response) => sendVaultJson(response, 201, DELEGATION));
  expect(await user.delegations.create(GRANT_ID, { agentId: AGENT_ID, expiresInSeconds: 60 })).toEqual(INFO);
  expect(fake.sentBody()).toEqual({ agent_id: AGENT_ID, expires_in_seconds: 60 });
  fake.server.answer((_, response) => sendVaultJson(response, 200, { delegations: [DELEGATION] }));
  expect(await user.delegations.list({ agentId: AGENT_ID, grantId: GRANT_ID })).toEqual([INFO]);
  fake.server.answer((_, response) => sendVaultJson(response, 200, DELEGATION));
  expect(await user.delegations.revoke(DELEGATION_ID)).toEqual(INFO);
  expect(fake.server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `POST /v1/grants/${GRANT_ID}/delegations`,
    `GET /v1/delegations?agent_id=${AGENT_ID}&grant_id=${GRANT_ID}`,
    `POST /v1/delegations/${DELEGATION_ID}/revoke`,
  ]);
  for (const { headers } of fake.server.seen) expect(headers[HEADER.userToken]).toBe("fake.user.token");
});

test("nobody can do so without a user", async () => {
  fake.server.answer((_, response) => sendProblem(response, makeProblem("user_token_missing", "no user")));
  await expect(fake.vault.delegations.create(GRANT_ID, { agentId: AGENT_ID })).rejects.toThrow(UserTokenError);
});

test("ids are checked before anything is sent", async () => {
  fake.server.seen.length = 0;
  await expect(fake.vault.delegations.create("github", { agentId: AGENT_ID })).rejects.toThrow(/UUID of a grant/);
  await expect(fake.vault.delegations.create(GRANT_ID, { agentId: "bot" })).rejects.toThrow(/"agentId" must be/);
  await expect(fake.vault.delegations.revoke("x")).rejects.toThrow(/"delegationId" must be/);
  await expect(fake.vault.delegations.list({ agent: "x" } as object)).rejects.toThrow(/no option "agent"/);
  expect(fake.server.seen).toHaveLength(0);
});
