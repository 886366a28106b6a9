import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite.ts";
import { storeContract } from "../store.contract.ts";
import { openDatabase } from "./database.ts";
import { openSqliteStore } from "./sqlite-store.ts";

function freshPath(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "alter-vault-store-"));
  return { path: join(folder, "vault.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

storeContract("SQLite", async () => {
  const { path, remove } = freshPath();
  let store = openSqliteStore(path);
  return {
    store,
    async reopen() {
      await store.close();
      store = openSqliteStore(path);
      return store;
    },
    async close() {
      await store.close();
      remove();
    },
  };
});

test("commits reach the disk before they return", () => {
  const { path, remove } = freshPath();
  const db = openDatabase(path);
  expect(db.get<{ journal_mode: string }>("PRAGMA journal_mode")?.journal_mode).toBe("wal");
  expect(db.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous).toBe(2);
  db.close();
  remove();
});

test("a database of a newer version is not touched", () => {
  const { path, remove } = freshPath();
  const db = openDatabase(path);
  db.run("INSERT INTO migrations VALUES (9999, 'from the future')");
  db.close();
  expect(() => openDatabase(path)).toThrow(/newer version/);
  remove();
});

test("what is kept in memory is never older than what is stored", async () => {
  const store = openSqliteStore(":memory:");
  const at = 1_800_000_000_000;
  const appId = "0198c2a4-0000-7000-8000-000000000001";
  const base = { appId, provider: "acme", createdAt: at };
  const secret = {
    ...base,
    id: "0198c2a4-0000-7000-8000-000000000002",
    name: "acme",
    injection: { kind: "bearer" },
    allowedHosts: ["api.example.com"],
    sealedValue: new Uint8Array([1, 2, 3]),
    version: 1,
    updatedAt: at,
  } as const;
  const grant = {
    ...base,
    id: "0198c2a4-0000-7000-8000-000000000003",
    secretId: secret.id,
    principalType: "system",
    label: null,
    status: "active",
    allowRetrieve: false,
    expiresAt: null,
    revokedAt: null,
    account: null,
    policy: null,
    data: null,
  } as const;
  await store.insertApp({ id: appId, name: "app", createdAt: at });
  expect(await store.findGrant(appId, grant.id)).toBeNull();
  await store.insertSecret(secret, grant);
  const first = await store.findGrant(appId, grant.id);
  expect(first).toMatchObject({ grant: { status: "active" }, secret: { version: 1 } });
  expect(await store.findGrant(appId, grant.id)).toBe(first);
  expect(await store.findGrant("0198c2a4-0000-7000-8000-00000000000f", grant.id)).toBeNull();

  await store.updateSecret(appId, secret.id, { allowedHosts: ["other.example.com"], at });
  expect(await store.findGrant(appId, grant.id)).toMatchObject({ secret: { allowedHosts: ["other.example.com"] } });
  await store.updateGrant(appId, grant.id, { allowRetrieve: true });
  expect(await store.findGrant(appId, grant.id)).toMatchObject({ grant: { allowRetrieve: true } });
  const context = { appId, record: `secret:${secret.id}`, field: "value" };
  await store.replaceSealed([{ context, before: new Uint8Array([1, 2, 3]), after: new Uint8Array([4]) }]);
  expect(await store.findGrant(appId, grant.id)).toMatchObject({ secret: { sealedValue: new Uint8Array([4]) } });
  await store.revokeGrant(appId, grant.id, at);
  expect(await store.findGrant(appId, grant.id)).toMatchObject({ grant: { status: "revoked" } });
  await store.deleteSecret(appId, secret.id, at);
  expect(await store.findGrant(appId, grant.id)).toMatchObject({ secret: null });
  await store.close();
});

test("a database of the first version keeps the nonces it has seen", async () => {
  const { path, remove } = freshPath();
  const [first] = SQLITE_MIGRATIONS;
  const old = new DatabaseSync(path);
  old.exec("CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
  old.exec(first?.sql ?? "");
  old.exec("INSERT INTO migrations VALUES (1, 'first')");
  old.exec("INSERT INTO nonces (created, key_id, nonce) VALUES (100, 'key', 'one'), (101, 'key', 'two')");
  old.close();

  const store = openSqliteStore(path);
  const head = await store.chainHead("main");
  const use = async (created: number, nonce: string): Promise<string | undefined> => {
    const appends = [{ draft: null, nonce: { created, keyId: "key", nonce } }];
    return (await store.appendLog("main", head, appends, (last) => last)).results[0];
  };
  expect(await use(100, "one")).toBe("replayed");
  expect(await use(101, "two")).toBe("replayed");
  expect(await use(101, "one")).toBe("written");
  await store.forgetNonces(101, 10);
  expect(await use(100, "one")).toBe("written");
  expect(await use(101, "two")).toBe("replayed");
  await store.close();
  remove();
});
