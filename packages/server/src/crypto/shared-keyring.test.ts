import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIds } from "../random.ts";
import { createTestDatabase, type TestDatabase } from "../store/postgres/database.test-support.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { idpRecord } from "../store/contract.test-support.ts";
import type { Store } from "../store/store.ts";
import { sealedWith } from "./envelope.ts";
import { createKeyFile, openKeyFile } from "./file-key-provider.ts";
import { openKeyring, type Keyring } from "./keyring.ts";

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const newId = createIds(clock, randomBytes);

interface Replica {
  readonly store: Store;
  readonly keyring: Keyring;
}

let folder: string;
let database: TestDatabase;
let appId: string;
const replicas: Replica[] = [];
let lookedForKeys = 0;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-keys-"));
  createKeyFile({ path: join(folder, "master.key"), clock, random: randomBytes, newId });
  database = await createTestDatabase();
  appId = newId();
});
afterEach(async () => {
  for (const { store } of replicas.splice(0)) await store.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function replica(keyFile = "master.key"): Promise<Replica> {
  const store = await openPostgresStore({
    url: database.url,
    onStatement: (sql) => void (sql.includes("FROM data_keys") && lookedForKeys++),
  });
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  const provider = openKeyFile({ path: join(folder, keyFile), clock, random: randomBytes, newId });
  const made = { store, keyring: await openKeyring({ store, provider, clock, random: randomBytes, newId }) };
  replicas.push(made);
  return made;
}

const contextOf = (id: string) => ({ appId, record: `api_key:${id}`, field: "signing_key" });

async function write({ store, keyring }: Replica, id: string): Promise<void> {
  await store.insertApiKey({
    id,
    appId,
    name: "k",
    scopes: ["audit:read"],
    sealedSigningKey: await keyring.seal(contextOf(id), Buffer.from(`fake value of ${id}`)),
    agentId: null,
    cidrs: null,
    requestsPerMinute: null,
    deprecatedAt: null,
    createdAt: 1,
    expiresAt: null,
    revokedAt: null,
  });
}

async function read({ store, keyring }: Replica, id: string): Promise<string> {
  const found = await store.findApiKey(id);
  const opened = keyring.open(contextOf(id), found?.sealedSigningKey ?? Buffer.alloc(0));
  return opened.ok ? opened.plain.toString() : opened.reason;
}

test("what one replica seals with a key it has just made opens in another at once", async () => {
  const [one, other] = [await replica(), await replica()];
  await write(one, "a");
  expect(await read(other, "a")).toBe("fake value of a");
});

test("after a rotation elsewhere, old and new values open, and new ones are sealed with the new keys", async () => {
  const [one, other] = [await replica(), await replica()];
  await write(one, "before");
  expect(await read(other, "before")).toBe("fake value of before");
  const rotated = one.keyring.rotate();
  for (let round = 0; round < 20; round++) {
    await write(other, `during ${round}`);
    expect(await read(one, `during ${round}`)).toBe(`fake value of during ${round}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
    await other.keyring.refresh();
  }
  await rotated;
  expect((await one.keyring.state()).staleRecords).toBe(0);
  for (const id of ["before", "during 0", "during 19"]) {
    expect(await read(other, id)).toBe(`fake value of ${id}`);
    expect(await read(await replica(), id)).toBe(`fake value of ${id}`);
  }
  await write(other, "after");
  expect((await one.keyring.state()).staleRecords).toBe(0);
});

test("replicas that write for an app for the first time at the same moment read each other", async () => {
  const all = await Promise.all([replica(), replica(), replica()]);
  await Promise.all(all.map((one, index) => write(one, `k${index}`)));
  for (const one of all) {
    for (const index of all.keys()) expect(await read(one, `k${index}`)).toBe(`fake value of k${index}`);
  }
});

test("a value that no key of ours sealed is handed out all the same, does not open, and is looked for once", async () => {
  const one = await replica();
  await write(one, "a");
  const forged = Buffer.concat([Buffer.from([1]), randomBytes(80)]);
  await database.query("UPDATE api_keys SET sealed_signing_key = $1", forged);
  const before = lookedForKeys;
  for (let round = 0; round < 3; round++) expect(await read(one, "a")).toBe("unknown_key");
  expect(lookedForKeys - before).toBe(1);
});

test("without the master key that another replica rotated to, it says so", async () => {
  copyFileSync(join(folder, "master.key"), join(folder, "copy.key"));
  const one = await replica();
  const left = await replica("copy.key");
  await one.keyring.rotate();
  await write(one, "a");
  await expect(read(left, "a")).rejects.toThrow(/master key .* is not in .*copy\.key/);
});

test("what one replica seals for a user opens in another, until the user is erased", async () => {
  const [one, other] = [await replica(), await replica()];
  const idp = idpRecord(appId);
  await one.store.insertIdp(idp);
  const seen = { newId: newId(), subject: "ada", source: "token", at: 1, saidAt: 1 } as const;
  const userId = (await one.store.seeUser(appId, idp.id, seen))?.user.id ?? "";
  const context = { appId, userId, record: "oauth_credential:1", field: "tokens" };
  const made = await Promise.all(
    [one, other, one, other].map(async ({ keyring }) => keyring.sealOwned(context, Buffer.from("fake token"))),
  );
  expect(new Set(made.map(sealedWith)).size).toBe(1);
  const [sealed = Buffer.alloc(0)] = made;
  for (const { keyring } of [one, other, await replica()]) {
    expect((await keyring.openOwned(context, sealed)).ok).toBe(true);
  }
  await one.store.eraseUser(appId, userId);
  one.keyring.forgetUser(appId, userId);
  for (const { keyring } of [one, await replica()]) {
    expect(await keyring.openOwned(context, sealed)).toEqual({ ok: false, reason: "unknown_key" });
  }
});
