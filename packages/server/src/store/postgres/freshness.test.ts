import { afterEach, beforeEach, expect, test } from "vitest";
import { newId, oauthCredential, oauthGrant } from "../contract.test-support.ts";
import type { Store } from "../store.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { createFreshRecords } from "./fresh-records.ts";
import { openPostgresStore } from "./postgres-store.ts";

let database: TestDatabase;
let one: Store;
let other: Store;
let sent: string[];
beforeEach(async () => {
  database = await createTestDatabase();
  sent = [];
  const open = (onStatement?: (sql: string) => void): Promise<Store> =>
    openPostgresStore({ url: database.url, monotonic: () => performance.now(), onStatement });
  one = await open();
  other = await open((sql) => void sent.push(sql));
});
afterEach(async () => {
  await one.close();
  await other.close();
  await database.drop();
});

async function addGrant(): Promise<{ appId: string; id: string }> {
  const appId = newId();
  await one.insertApp({ id: appId, name: appId, createdAt: 1 });
  const grant = oauthGrant(appId);
  await one.insertOAuthGrant(grant, oauthCredential(grant));
  return grant;
}

/** How long it takes until the other one sees what the first did. */
async function msUntil(isSeen: () => Promise<boolean>): Promise<number> {
  const from = performance.now();
  while (!(await isSeen())) {
    if (performance.now() - from > 5_000) throw new Error("it is never seen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - from;
}

const isRevoked = async ({ appId, id }: { appId: string; id: string }): Promise<boolean> =>
  (await other.findGrant(appId, id))?.grant.status === "revoked";

test("a record that is asked for again and again is read once, and another app does not get it", async () => {
  const grant = await addGrant();
  await other.findGrant(grant.appId, grant.id);
  sent.length = 0;
  for (let round = 0; round < 20; round++) expect((await other.findGrant(grant.appId, grant.id))?.oauth).not.toBeNull();
  expect(sent).toEqual([]);
  expect(await other.findGrant(newId(), grant.id)).toBeNull();
});

test("what a process changes itself is in force there at once", async () => {
  const grant = await addGrant();
  await other.findGrant(grant.appId, grant.id);
  await other.endOAuthGrant(grant.appId, grant.id, "revoked", 5);
  expect(await isRevoked(grant)).toBe(true);
});

test("a change acknowledged elsewhere is in force within a second, and sooner when it is heard of", async () => {
  await database.query("SELECT pg_sleep(0.1)");
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const grant = await addGrant();
    expect(await isRevoked(grant)).toBe(false);
    await one.endOAuthGrant(grant.appId, grant.id, "revoked", 5);
    times.push(await msUntil(() => isRevoked(grant)));
  }
  expect(Math.max(...times)).toBeLessThan(1_000);
  expect(Math.min(...times)).toBeLessThan(400);
});

test("a stop is acknowledged when no replica decides without it any more, also where nothing is heard", async () => {
  await database.query("DROP FUNCTION tell_change CASCADE");
  const appId = newId();
  await one.insertApp({ id: appId, name: appId, createdAt: 1 });
  const stop = { kind: "provider" as const, value: "demo", reason: null, createdBy: "ada", createdAt: 1 };
  const putting = one.putStop(appId, stop);
  let isAcknowledged = false;
  void putting.then(() => (isAcknowledged = true));
  let looks = 0;
  while (!isAcknowledged) {
    looks++;
    await other.policyHead(appId);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(looks).toBeGreaterThan(10);
  expect((await other.policyHead(appId)).stops).toEqual([stop]);
});

test("so is a policy", async () => {
  await database.query("DROP FUNCTION tell_change CASCADE");
  const appId = newId();
  await one.insertApp({ id: appId, name: appId, createdAt: 1 });
  expect((await other.policyHead(appId)).published).toBeNull();
  const make = { document: "{}", note: null };
  await one.changePolicy(appId, { make, as: "published", by: "ada", at: 1 });
  expect((await other.policyHead(appId)).published).toBe(1);
});

test("where nothing is heard, it is in force within a second all the same", async () => {
  await database.query("DROP FUNCTION tell_change CASCADE");
  const grant = await addGrant();
  expect(await isRevoked(grant)).toBe(false);
  await one.endOAuthGrant(grant.appId, grant.id, "revoked", 5);
  const ms = await msUntil(() => isRevoked(grant));
  expect(ms).toBeLessThan(1_000);
});

test("a read that began before a change is not kept after it", async () => {
  let generation = 0;
  let stored = { value: "old" };
  const answers: (() => void)[] = [];
  const find = createFreshRecords({ monotonic: () => 0, generation: () => generation }, async () => {
    const found = stored;
    await new Promise<void>((resolve) => answers.push(resolve));
    return found;
  });
  const slow = find("a");
  stored = { value: "new" };
  generation++;
  const fast = find("a");
  answers[1]?.();
  expect(await fast).toEqual({ value: "new" });
  answers[0]?.();
  expect(await slow).toEqual({ value: "old" });
  expect(find("a")).toEqual({ value: "new" });
});

test("what is kept runs out, a failure is not kept, and a read under way is shared", async () => {
  let now = 0;
  let reads = 0;
  const find = createFreshRecords({ monotonic: () => now, generation: () => 0 }, async () => {
    if (++reads === 1) throw new Error("gone");
    return { reads };
  });
  await expect(find("a")).rejects.toThrow("gone");
  expect(await Promise.all([find("a"), find("a")])).toEqual([{ reads: 2 }, { reads: 2 }]);
  now += 799;
  expect(find("a")).toEqual({ reads: 2 });
  now += 1;
  expect(await find("a")).toEqual({ reads: 3 });
});
