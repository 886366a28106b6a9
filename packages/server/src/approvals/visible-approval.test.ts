import { expect, test } from "vitest";
import type { Asker } from "../identity/asker.ts";
import type { AgentRecord } from "../store/agent-records.ts";
import { approvalRecord } from "../store/contract.test-support.ts";
import { isVisible, waitsFor } from "./visible-approval.ts";

const agent: AgentRecord = {
  id: "agent",
  appId: "app",
  name: "helper",
  displayName: null,
  type: "agent",
  status: "active",
  scopes: {},
  metadata: {},
  idempotencyKey: null,
  bodyHash: "hash",
  createdAt: 1,
  updatedAt: 1,
};
const operator: Asker = {
  appId: "app",
  keyId: "other key",
  scopes: ["approvals:read"],
  agent: null,
  user: null,
  session: null,
};
const record = approvalRecord("app", { agentId: "agent" });

test("an agent sees no approval, not even of its own call, and none waits for it", () => {
  expect(isVisible(record, operator)).toBe(true);
  expect(waitsFor(record, [], operator, 1_500)).toBe(true);
  const asker: Asker = { ...operator, agent };
  expect(isVisible(record, asker)).toBe(false);
  expect(waitsFor(record, [], asker, 1_500)).toBe(false);
});

test("nothing waits for anybody when its time is over, or when they have said their word", () => {
  expect(waitsFor(record, [], operator, 2_000)).toBe(false);
  const vote = { approver: "key other key", decision: "approve", reason: null, ruleIds: ["r"], at: 1_200 } as const;
  expect(waitsFor(record, [vote], operator, 1_500)).toBe(false);
});
