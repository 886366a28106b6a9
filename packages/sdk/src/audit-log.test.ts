import { expect, test } from "vitest";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const ENTRY = {
  entry_id: GRANT_ID,
  at: AT,
  kind: "request",
  app_id: GRANT_ID,
  key_id: "k",
  agent_id: "agent-1",
  user_id: "user-1",
  session_id: null,
  caller: { type: "agent", client_type: "cursor" },
  context: { run_id: "r-1" },
  reason: null,
  mode: "proxy",
  grant_id: GRANT_ID,
  delegation_id: null,
  policy_version: null,
  approval_id: null,
  shadow: null,
  secret_id: null,
  provider: "github",
  principal_type: "user",
  principal_id: null,
  method: "GET",
  url: "https://api.github.com/user",
  body_digest: null,
  action: "request",
  decision: "allow",
  rule: "base",
  code: null,
  message: null,
  erased: false,
  outcome: "provider",
  status: 200,
  outcome_code: null,
  latency_ms: 5,
  retries: 0,
  redirects: 0,
  request_bytes: 0,
  response_bytes: 2,
  scrubbed: 0,
};

test("entries come with the SDK's names; what a caller said about itself stays as it is", async () => {
  fake.server.answer((_, response) =>
    sendVaultJson(response, 200, { entries: [ENTRY], limit: 10, has_more: true, next_cursor: "c-2" }),
  );
  const list = await fake.vault.listAudit({
    userId: "user-1",
    agentId: "agent-1",
    runId: "r-1",
    decision: "allow",
    since: new Date(AT),
    limit: 10,
    cursor: "c-1",
  });
  expect(list).toMatchObject({ limit: 10, hasMore: true, nextCursor: "c-2" });
  const [entry] = list.entries;
  expect(entry).toMatchObject({ entryId: GRANT_ID, userId: "user-1", agentId: "agent-1", principalType: "user" });
  expect(entry).toMatchObject({ latencyMs: 5, caller: { client_type: "cursor" }, context: { run_id: "r-1" } });
  expect(Object.keys(entry ?? {})).toHaveLength(Object.keys(ENTRY).length);
  const { searchParams } = new URL(fake.server.seen[0]?.path ?? "", "http://vault");
  expect(Object.fromEntries(searchParams)).toEqual({
    since: AT,
    limit: "10",
    user_id: "user-1",
    agent_id: "agent-1",
    run_id: "r-1",
    decision: "allow",
    cursor: "c-1",
  });
});

test("an unknown filter is refused: it would show more than was asked for", async () => {
  await expect(fake.vault.listAudit({ user: "user-1" } as object)).rejects.toThrow(/no option "user"/);
  await expect(fake.vault.listAudit({ userId: "" })).rejects.toThrow(/"userId" must be/);
  expect(fake.server.seen).toHaveLength(0);
});
