import { afterEach, beforeEach, expect, test } from "vitest";
import { approvalRecord, newId, oauthCredential, oauthGrant } from "../contract.test-support.ts";
import type { ChainHead, LogDraft } from "../log-records.ts";
import type { Store } from "../store.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { openPostgresStore } from "./postgres-store.ts";

/* What a process holds, and what others do about it when it is gone: or only silent. */
let database: TestDatabase;
let one: Store;
let other: Store;
let appId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  [one, other] = [await openPostgresStore({ url: database.url }), await openPostgresStore({ url: database.url })];
  appId = newId();
  await one.insertApp({ id: appId, name: "app", createdAt: 1 });
});
afterEach(async () => {
  for (const store of [one, other]) await store.close();
  await database.drop();
});

/** Writes a row as the process that has the chain open. */
async function write(writer: string, kind: LogDraft["kind"], entryId: string): Promise<void> {
  const draft = { kind, entryId, appId, at: 1, body: "{}" };
  const link = ({ seq }: ChainHead): ChainHead => ({ seq: seq + 1, hash: Buffer.from(`row ${seq + 1}`) });
  await one.appendLog(writer, await one.chainHead(writer), [{ draft, nonce: null }], link);
}
const silent = (): Promise<unknown> => database.query("UPDATE chains SET seen_at = now() - interval '1 minute'");
const dbIsOld = async (): Promise<boolean> => {
  const [row] = await database.query<{ old: boolean }>(
    "SELECT pg_postmaster_start_time() < now() - interval '10 seconds' AS old",
  );
  return row?.old ?? false;
};

async function leased(writer: string): Promise<string> {
  const grant = oauthGrant(appId, { account: { id: newId(), identifier: "a", name: null } });
  await one.insertOAuthGrant(grant, oauthCredential(grant));
  const entryId = newId();
  await one.leaseOAuthCredential(appId, grant.id, { version: 1, leaseId: entryId, now: 1_000, until: 46_000 });
  await write(writer, "entry", entryId);
  return grant.id;
}
const lease = (id: string): ReturnType<Store["leaseOAuthCredential"]> =>
  other.leaseOAuthCredential(appId, id, { version: 1, leaseId: newId(), now: 2_000, until: 47_000 });

test("a refresh of a process that is only silent is not taken over before its lease ends", async () => {
  const { writer } = await one.openChain("process one");
  const id = await leased(writer);
  await silent();
  expect(await lease(id)).toEqual({ got: "held", until: 46_000 });
});

test("what a process held that is known to have ended is free at once, and its chain is taken up", async () => {
  const { writer } = await one.openChain("process one");
  const neighbour = await other.openChain("process two");
  const [ofOne, ofTwo] = [await leased(writer), await leased(neighbour.writer)];
  await other.endProcess("process one", 2_000);
  expect(await other.dueOAuthCredentials(2_000, 10)).toEqual([{ appId, id: ofOne }]);
  expect((await lease(ofOne)).got).toBe("lease");
  expect((await lease(ofTwo)).got).toBe("held");
  expect((await other.openChain("process three")).writer).toBe(writer);
});

test("a process that ended after it had closed its chain ends nobody else's", async () => {
  const { writer } = await one.openChain("process one");
  await one.closeChain(writer);
  expect((await other.openChain("process two")).writer).toBe(writer);
  const id = await leased(writer);
  await other.endProcess("process one", 2_000);
  expect((await lease(id)).got).toBe("held");
  expect([...(await other.runningChains()).keys()]).toEqual([writer]);
});

test("a call is under way while its process is heard of and has written no outcome", async () => {
  const { writer } = await one.openChain("process one");
  const [made, open] = [newId(), newId()];
  for (const id of [made, open]) await write(writer, "entry", id);
  await write(writer, "outcome", made);
  expect([await other.isCallUnderWay(appId, made), await other.isCallUnderWay(appId, open)]).toEqual([false, true]);
  expect(await other.isCallUnderWay(newId(), open), "another app's call").toBe(false);
  expect(await other.isCallUnderWay(appId, newId())).toBe(false);

  await silent();
  // Right after the database itself has started nobody can have been heard of.
  expect(await other.isCallUnderWay(appId, open)).toBe(!(await dbIsOld()));
  await one.touchChain(writer);
  expect(await other.isCallUnderWay(appId, open)).toBe(true);
  await other.endProcess("process one", 1);
  expect(await other.isCallUnderWay(appId, open)).toBe(false);
  await other.openChain("process two");
  expect(await other.isCallUnderWay(appId, open), "of whoever had the chain before").toBe(false);
});

test("an approved call, and a place among running calls, are free when their process is known to have ended", async () => {
  const { writer } = await one.openChain("process one");
  const id = newId();
  await one.askApproval(approvalRecord(appId, { id, status: "approved" }), Buffer.from("fake"));
  expect(await one.startApproval(appId, id, writer, 1_000)).not.toBeNull();
  const slots = [{ ruleId: "one", key: "grant g", calls: 1 }];
  const enter = async (holder: string): Promise<boolean> =>
    (await one.takeLimits(appId, { callId: newId(), holder, takes: [], slots, nonce: null }, 1)).ok;
  expect([await enter(writer), await enter(writer)]).toEqual([true, false]);
  expect(await other.abandonApprovals("nobody knows", 2_000)).toBe(0);

  await other.endProcess("process one", 2_000);
  // Whoever goes on with the chain has nothing of what it held.
  expect((await other.openChain("process two")).writer).toBe(writer);
  expect(await other.abandonApprovals("nobody knows", 2_000)).toBe(1);
  expect(await other.findApproval(appId, id)).toMatchObject({ status: "failed", problem: "nobody knows" });
  expect(await enter(writer)).toBe(true);
});
