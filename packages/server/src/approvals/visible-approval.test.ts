import { afterAll, expect, test } from "vitest";
import { openIdentityWorld } from "../identity/identity.test-support.ts";
import { approvalRecord } from "../store/contract.test-support.ts";
import { isVisible, waitsFor } from "./visible-approval.ts";

const world = await openIdentityWorld();
const operator = world.asker({ keyId: "other key" });
afterAll(() => world.store.close());
const record = approvalRecord("app", { agentId: "agent" });

test("an agent sees no approval, not even of its own call, and none waits for it", async () => {
  expect(isVisible(record, operator)).toBe(true);
  expect(waitsFor(record, [], operator, 1_500)).toBe(true);
  const asker = { ...operator, agent: await world.agent() };
  expect(isVisible(record, asker)).toBe(false);
  expect(waitsFor(record, [], asker, 1_500)).toBe(false);
});

test("nothing waits for anybody when its time is over, or when they have said their word", () => {
  expect(waitsFor(record, [], operator, 2_000)).toBe(false);
  const vote = { approver: "key other key", decision: "approve", reason: null, ruleIds: ["r"], at: 1_200 } as const;
  expect(waitsFor(record, [vote], operator, 1_500)).toBe(false);
});
