import { HEADER, makeProblem, type Identity } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { AlterValueError, BackendError } from "./errors.ts";
import { sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const [APP_ID, USER_ID, IDP_ID, GROUP_ID] = [1, 2, 3, 4].map((n) => `0190a3f0-000${n}-7000-8000-00000000000${n}`);
const IDENTITY = {
  app_id: APP_ID,
  user_id: USER_ID,
  idp_id: IDP_ID,
  external_subject_id: "sub-ada",
  email: "ada@example.com",
  name: "Ada",
  user_status: "active",
  groups: [{ group_id: GROUP_ID, external_group_id: "eng", name: "Engineers" }],
  agent_id: null,
  session_id: null,
} as Identity;
const RESOLVED = {
  appId: APP_ID,
  userId: USER_ID,
  idpId: IDP_ID,
  externalSubjectId: "sub-ada",
  email: "ada@example.com",
  name: "Ada",
  userStatus: "active",
  groups: [{ groupId: GROUP_ID, externalGroupId: "eng", name: "Engineers" }],
  agentId: null,
  sessionId: null,
};

const fake = useFakeVault();
const answer = (identity: Identity): void =>
  fake.server.answer((_, response) => sendVaultJson(response, 200, identity));
const refuse = (code: Parameters<typeof makeProblem>[0]): void =>
  fake.server.answer((_, response) => sendProblem(response, makeProblem(code, "no")));

test("resolveIdentity says who asks", async () => {
  answer(IDENTITY);
  expect(await fake.vault.resolveIdentity({ userToken: "fake.user.token" })).toEqual(RESOLVED);
  expect(fake.server.seen[0]).toMatchObject({ method: "GET", path: "/v1/identity" });
  expect(fake.server.seen[0]?.headers[HEADER.userToken]).toBe("fake.user.token");
});

describe("verifyUserToken", () => {
  test("gives the user", async () => {
    answer(IDENTITY);
    expect(await fake.vault.verifyUserToken("fake.user.token")).toEqual(RESOLVED);
    expect(fake.server.seen[0]?.headers[HEADER.userToken]).toBe("fake.user.token");
  });

  test.each(["user_token_invalid", "user_token_expired", "user_inactive", "session_invalid"] as const)(
    "gives null for %s",
    async (code) => {
      refuse(code);
      expect(await fake.vault.verifyUserToken("fake.user.token")).toBeNull();
    },
  );

  test.each([[""], ["Bearer x"], ["a\r\nb"], ["tökén"], ["x".repeat(20_000)]])(
    "gives null for what no header can carry, and asks nobody: %#",
    async (token) => {
      expect(await fake.vault.verifyUserToken(token)).toBeNull();
      expect(fake.server.seen).toHaveLength(0);
    },
  );

  test("gives null for an answer about nobody, and for a user who is not active", async () => {
    answer({ ...IDENTITY, user_id: null });
    expect(await fake.vault.verifyUserToken("fake.user.token")).toBeNull();
    answer({ ...IDENTITY, user_status: "suspended" });
    expect(await fake.vault.verifyUserToken("fake.user.token")).toBeNull();
  });

  test("does not take a vault that cannot say for a no", async () => {
    refuse("storage_unavailable");
    await expect(fake.vault.verifyUserToken("fake.user.token")).rejects.toThrow(BackendError);
    await expect(fake.vault.verifyUserToken(undefined as unknown as string)).rejects.toThrow(AlterValueError);
  });
});
