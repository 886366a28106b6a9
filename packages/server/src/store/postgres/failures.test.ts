import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../contract.test-support.ts";
import { StorageUnavailable, type Store } from "../store.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { openPostgresStore } from "./postgres-store.ts";

let database: TestDatabase;
let store: Store;
beforeEach(async () => {
  database = await createTestDatabase();
  await (await openPostgresStore({ url: database.url })).close();
  store = await openPostgresStore({ url: database.url, statementTimeoutMs: 500, connectTimeoutMs: 2_000 });
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

async function addApp(): Promise<string> {
  const id = newId();
  await store.insertApp({ id, name: "app", createdAt: 1 });
  return id;
}
const appendOne = async (): Promise<void> => {
  const draft = { kind: "entry" as const, entryId: newId(), appId: null, at: 1, body: "{}" };
  const head = await store.chainHead("w");
  await store.appendLog("w", head, [{ draft, nonce: null }], ({ seq }) => ({ seq: seq + 1, hash: Buffer.from("h") }));
};
const terminateAll = (): Promise<unknown> =>
  database.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );

test("a database that is not there, or not a database: named, and not for ever", async () => {
  const url = new URL(database.url);
  url.port = "1";
  await expect(openPostgresStore({ url: url.href })).rejects.toThrow(StorageUnavailable);
  url.port = new URL(database.url).port;
  url.pathname = "/no_such_database";
  await expect(openPostgresStore({ url: url.href })).rejects.toThrow("PostgreSQL failed with 3D000");

  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  url.port = String((silent.address() as AddressInfo).port);
  await expect(openPostgresStore({ url: url.href, connectTimeoutMs: 200 })).rejects.toThrow(StorageUnavailable);
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test("gone: connections that end are replaced, and nothing has to be started again", async () => {
  const app = await addApp();
  for (let round = 0; round < 3; round++) {
    await terminateAll();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => store.findApp(app)));
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toBeInstanceOf(StorageUnavailable);
    }
    expect((await store.findApp(app))?.id).toBe(app);
  }
});

test("a connection that ends while a statement runs: the statement fails, and nothing else does", async () => {
  const appId = await addApp();
  const held = holdLock(database, "apps", new Promise((resolve) => setTimeout(resolve, 150)));
  await held.taken;
  const waiting = store.findApp(appId);
  const others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alter-vault'";
  await Promise.all([expect(waiting).rejects.toThrow("PostgreSQL failed with 57P01"), database.query(others)]);
  await held.done;
  expect((await store.findApp(appId))?.id).toBe(appId);
});

test("refusing connections: unavailable until it takes them again", async () => {
  const app = await addApp();
  const { name } = database;
  await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
  // Superusers are let in all the same, so the store's user is made one that is not.
  await database.query(`CREATE ROLE ${name} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}`);
  const limited = new URL(database.url);
  limited.username = name;
  await expect(openPostgresStore({ url: limited.href })).rejects.toThrow("PostgreSQL failed with 53300");
  await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
  const other = await openPostgresStore({ url: limited.href });
  expect((await other.findApp(app))?.id).toBe(app);
  await other.close();
  await database.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
});

test("slow: a statement that takes too long is given up, there too", async () => {
  const app = await addApp();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const locked = holdLock(database, "apps", held);
  await locked.taken;
  await expect(store.findApp(app)).rejects.toThrow("PostgreSQL failed with 5");
  release();
  await locked.done;
  expect((await store.findApp(app))?.id).toBe(app);
});

test("for reading only: writes are refused until they are possible again, by connections that were open before too", async () => {
  const app = await addApp();
  await database.outside(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
  await terminateAll();
  await store.findApp(app).catch(() => undefined);
  await expect(appendOne()).rejects.toThrow("PostgreSQL failed with 25006");
  expect((await store.findApp(app))?.id).toBe(app);
  await database.outside(`ALTER DATABASE ${database.name} RESET default_transaction_read_only`);
  await appendOne();
});

test("full: nothing of a write that did not fit is there, and writing goes on when there is room", async () => {
  await appendOne();
  await database.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`);
  await database.query("CREATE TRIGGER full_disk BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION full_disk()");
  await expect(appendOne()).rejects.toThrow("PostgreSQL failed with 53100");
  expect((await store.chainHead("w")).seq).toBe(1);
  await database.query("DROP TRIGGER full_disk ON log");
  await appendOne();
  expect((await store.readChain("w", 0, 10)).map(({ seq }) => seq)).toEqual([1, 2]);
});

test("what goes wrong is never told with the values it went wrong with", async () => {
  await database.query("ALTER TABLE apps ADD CONSTRAINT small CHECK (length(name) < 5)");
  const failed = await store.insertApp({ id: "a", name: "fake-secret", createdAt: 1 }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(Error);
  expect(failed).not.toBeInstanceOf(StorageUnavailable);
  expect(String(failed)).not.toContain("fake-secret");
});

function holdLock(
  on: TestDatabase,
  table: string,
  held: Promise<void>,
): { taken: Promise<void>; done: Promise<unknown> } {
  const done = held.then(() => terminateHolder(on));
  const started = on
    .query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(5)`)
    .catch(() => undefined);
  const taken = (async () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const locks = await on.query(
        "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = $1::regclass",
        table,
      );
      if (locks.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("the lock was not taken");
  })();
  return { taken, done: Promise.all([done, started]) };
}

const terminateHolder = (on: TestDatabase): Promise<unknown> =>
  on.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)' AND pid <> pg_backend_pid()",
  );
