import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite.ts";
import { StorageTooNew } from "../store.ts";
import { oauthCredential, oauthGrant, providerConfig } from "../contract.test-support.ts";
import { storeContract } from "../store.contract.ts";
import { openDatabase } from "./database.ts";
import { SYSTEM } from "../grant-records.ts";
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
    async stored() {
      return Buffer.concat(readdirSync(dirname(path)).map((name) => readFileSync(join(dirname(path), name))));
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
  expect(() => openDatabase(path)).toThrow(StorageTooNew);
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
    principalId: null,
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

/** A database as the first version made it, and nothing in it yet. */
function firstVersion(path: string): DatabaseSync {
  const [first] = SQLITE_MIGRATIONS;
  const old = new DatabaseSync(path);
  old.exec("CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
  old.exec(first?.sql ?? "");
  old.exec("INSERT INTO migrations VALUES (1, 'first')");
  return old;
}

test("a database of the first version opens with everything in it, and takes connected accounts", async () => {
  const { path, remove } = freshPath();
  const old = firstVersion(path);
  old.exec(`
    INSERT INTO apps VALUES ('app', 'default', 1);
    INSERT INTO api_keys VALUES ('key', 'app', 'k', 'audit:read', x'0102', 1, NULL, NULL);
    INSERT INTO secrets VALUES
      ('secret-1', 'app', 'one', 'demo', '{"kind":"bearer"}', '["api.example.com"]', x'0304', 3, 1, 2),
      ('secret-2', 'app', 'two', 'other', '{"kind":"bearer"}', '["b.example.com"]', x'0506', 1, 1, 1);
    INSERT INTO grants VALUES
      ('grant-1', 'app', 'secret-1', 'demo', 'system', 'nightly', 'active', 1, 5, 900, NULL),
      ('grant-2', 'app', 'secret-1', 'demo', 'system', NULL, 'revoked', 0, 6, NULL, 7),
      ('grant-3', 'app', 'secret-3', 'gone', 'system', NULL, 'deleted', 0, 6, NULL, 8);
    INSERT INTO data_keys VALUES ('data-key', 'app', 'm1', x'07', 1, 1);
    INSERT INTO settings VALUES ('s', x'08');
    INSERT INTO log VALUES (1, 'main', 'entry', 'entry-1', 'app', 9, '{"decision":"allow"}', x'09');
    INSERT INTO checkpoints VALUES ('main', 1, x'09', 9, x'0a');
  `);
  old.close();

  const store = openSqliteStore(path);
  const nothing = { account: null, policy: null, data: null };
  expect(await store.findGrant("app", "grant-1")).toEqual({
    grant: {
      ...nothing,
      id: "grant-1",
      appId: "app",
      secretId: "secret-1",
      provider: "demo",
      principalType: "system",
      principalId: null,
      label: "nightly",
      status: "active",
      allowRetrieve: true,
      createdAt: 5,
      expiresAt: 900,
      revokedAt: null,
    },
    secret: {
      id: "secret-1",
      appId: "app",
      name: "one",
      provider: "demo",
      injection: { kind: "bearer" },
      allowedHosts: ["api.example.com"],
      sealedValue: new Uint8Array([3, 4]),
      version: 3,
      createdAt: 1,
      updatedAt: 2,
    },
    oauth: null,
  });
  expect(await store.findGrant("app", "grant-2")).toMatchObject({
    grant: { ...nothing, status: "revoked", revokedAt: 7 },
  });
  expect(await store.findGrant("app", "grant-3")).toMatchObject({ grant: { status: "deleted" }, secret: null });
  const listed = await store.listGrants("app", { now: 10 }, { after: null, skip: 0, limit: 10 });
  expect(listed.records.map(({ grant }) => grant.id)).toEqual(["grant-1", "grant-2", "grant-3"]);
  expect(
    (await store.findGrantsByProvider("app", { provider: "demo" }, [SYSTEM], 10)).map(({ grant }) => grant.id),
  ).toEqual(["grant-1"]);
  expect(await store.findSecret("app", "secret-2")).toMatchObject({ name: "two" });
  expect(await store.findApiKey("key")).toMatchObject({ scopes: ["audit:read"] });
  expect(await store.listDataKeys()).toHaveLength(1);
  expect(await store.getSetting("s")).toEqual(new Uint8Array([8]));
  expect(await store.findEntry("app", "entry-1")).not.toBeNull();
  expect(await store.listCheckpoints("main")).toHaveLength(1);

  const grant = oauthGrant("app");
  expect(await store.insertOAuthGrant(grant, oauthCredential(grant))).toBe(true);
  await store.putProviderConfig(providerConfig("app"));
  await store.deleteSecret("app", "secret-1", 20);
  expect(await store.findGrant("app", "grant-1")).toMatchObject({ grant: { status: "deleted" }, secret: null });
  await store.close();
  expect(
    SQLITE_MIGRATIONS.map(({ id }) => id),
    "opening it again migrates nothing twice",
  ).toEqual(appliedTo(path));
  remove();
});

function appliedTo(path: string): unknown[] {
  openDatabase(path).close();
  const db = new DatabaseSync(path, { readOnly: true });
  const ids = db.prepare("SELECT id FROM migrations ORDER BY id").all();
  db.close();
  return ids.map((row) => row["id"]);
}

test("a database of the first version keeps the nonces it has seen", async () => {
  const { path, remove } = freshPath();
  const old = firstVersion(path);
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
