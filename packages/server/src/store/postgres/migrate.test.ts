import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../contract.test-support.ts";
import { POSTGRES_MIGRATIONS, type PostgresMigration } from "../migrations/postgres.ts";
import { StorageInOlderUse, StorageTooNew, StorageUnavailable, type Store } from "../store.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { newestOf } from "./migrate.ts";
import { openPostgresStore } from "./postgres-store.ts";

/** Programs of three versions: this one, one that adds a column, and one that takes it away again. */
const THIS = newestOf(POSTGRES_MIGRATIONS);
const step = (id: number, worksWith: number, sql: string): PostgresMigration => ({ id, name: `${id}`, worksWith, sql });
const worksWith = POSTGRES_MIGRATIONS.at(-1)?.worksWith ?? 1;
const EXPANDED = [...POSTGRES_MIGRATIONS, step(THIS + 1, worksWith, "ALTER TABLE apps ADD COLUMN note text;")];
const CONTRACTED = [...EXPANDED, step(THIS + 2, THIS + 1, "ALTER TABLE apps DROP COLUMN created_at;")];

let database: TestDatabase;
const opened: Store[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await database.drop();
});

async function open(migrations = POSTGRES_MIGRATIONS, statementTimeoutMs?: number): Promise<Store> {
  const store = await openPostgresStore({ url: database.url, migrations, statementTimeoutMs });
  opened.push(store);
  return store;
}

test("a program goes on where a newer one has only added, with what it had prepared before, and starts there", async () => {
  const old = await open();
  const app = { id: newId(), name: "app", createdAt: 1 };
  await old.insertApp(app);
  // Prepared by every connection of the pool.
  await Promise.all(Array.from({ length: 20 }, () => old.findApp(app.id)));
  await open(EXPANDED);
  await old.checkVersion();
  const found = await Promise.all(Array.from({ length: 20 }, () => old.findApp(app.id)));
  expect(found).toEqual(Array(20).fill(app));
  expect(await (await open()).listApps()).toEqual([app]);
});

test("in a transaction, too, what was prepared before is prepared anew", async () => {
  const old = await open();
  const appId = newId();
  await old.insertApp({ id: appId, name: "app", createdAt: 1 });
  const claim = (): Promise<unknown> => {
    const call = { id: newId(), appId, userId: null, requestHash: "h", entryId: newId(), state: "open" as const };
    return old.claimToolCall({ ...call, claimedAt: 1, expiresAt: 9 }, 2);
  };
  await Promise.all(Array.from({ length: 20 }, claim));
  await database.query("ALTER TABLE tool_calls ADD COLUMN note text");
  expect(await Promise.all(Array.from({ length: 20 }, claim))).toEqual(Array(20).fill(null));
});

test("where a newer program has taken away what this one needs it does not start, and a running one is told", async () => {
  const old = await open();
  await open(CONTRACTED);
  await expect(open()).rejects.toThrow(StorageTooNew);
  await expect(old.checkVersion()).rejects.toThrow(StorageTooNew);
  // Not a mistake of the program: another replica can do it.
  await expect(old.listApps()).rejects.toThrow(StorageUnavailable);
});

test("nothing is taken away while a program still runs that needs it", async () => {
  const old = await open();
  const { writer } = await old.openChain(newId());
  await expect(open(CONTRACTED)).rejects.toThrow(StorageInOlderUse);
  expect(await database.query("SELECT max(id) AS id FROM migrations")).toEqual([{ id: THIS + 1 }]);
  await old.closeChain(writer);
  const between = await open(EXPANDED);
  // The chain of the old one is taken up by one that needs nothing of it.
  expect((await between.openChain(newId())).writer).toBe(writer);
  await open(CONTRACTED);
  expect(await database.query("SELECT max(id) AS id FROM migrations")).toEqual([{ id: THIS + 2 }]);
});

test("programs that start on an empty database at the same moment make its schema once", async () => {
  const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
  expect(await stores[0]?.listApps()).toEqual([]);
});

test("a second program waits for a step of the first, however long that takes", async () => {
  await open();
  const long = [...POSTGRES_MIGRATIONS, step(THIS + 1, worksWith, "SELECT pg_sleep(2);\nCREATE TABLE more (id text);")];
  const [first, second] = await Promise.all([open(long, 500), sleep(200).then(() => open(long, 500))]);
  expect([await first.listApps(), await second.listApps()]).toEqual([[], []]);
});

test("a step that finds its table in use lets calls through meanwhile, and comes again", async () => {
  const old = await open();
  const busy = database.query("BEGIN; SELECT count(*) FROM apps; SELECT pg_sleep(2.5); COMMIT");
  await sleep(200);
  const opening = open(EXPANDED);
  let slowest = 0;
  const from = performance.now();
  while (performance.now() - from < 2_500) {
    const asked = performance.now();
    await old.listApps();
    slowest = Math.max(slowest, performance.now() - asked);
  }
  await Promise.all([busy, opening]);
  // It waits for a second at a time.
  expect(slowest).toBeGreaterThan(500);
  expect(slowest).toBeLessThan(2_000);
});
