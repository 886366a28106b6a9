import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIds } from "../random.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { GrantRecord } from "../store/grant-records.ts";
import type { Store } from "../store/store.ts";
import { createKeyFile, openKeyFile } from "./file-key-provider.ts";
import { MasterKeyMissing } from "./key-provider.ts";
import { openKeyring, type Keyring } from "./keyring.ts";

let now = 1_700_000_000_000;
const clock = { now: () => now++, monotonic: () => now };
const newId = createIds(clock, randomBytes);
const options = (path: string) => ({ path, clock, random: randomBytes, newId });

let folder: string;
let path: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-keys-"));
  path = join(folder, "master.key");
  createKeyFile(options(path));
  store = openSqliteStore(join(folder, "vault.db"));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ring = (): Promise<Keyring> =>
  openKeyring({ store, provider: openKeyFile(options(path)), clock, random: randomBytes, newId });

async function storeSecret(keyring: Keyring, appId: string, value: string): Promise<string> {
  const id = newId();
  const context = { appId, record: `secret:${id}`, field: "value" };
  const at = { createdAt: 1, updatedAt: 1 };
  const secret = {
    id,
    appId,
    name: id,
    provider: "p",
    injection: { kind: "bearer" } as const,
    allowedHosts: ["a.example"],
    sealedValue: await keyring.seal(context, Buffer.from(value)),
    version: 1,
    ...at,
  };
  const grant: GrantRecord = {
    id: newId(),
    appId,
    secretId: id,
    provider: "p",
    principalType: "system",
    principalId: null,
    label: null,
    status: "active",
    allowRetrieve: false,
    createdAt: 1,
    expiresAt: null,
    revokedAt: null,
    account: null,
    policy: null,
    data: null,
  };
  await store.insertSecret(secret, grant);
  return id;
}

async function valueOf(keyring: Keyring, appId: string, id: string): Promise<string> {
  const secret = await store.findSecret(appId, id);
  const opened = keyring.open(
    { appId, record: `secret:${id}`, field: "value" },
    secret?.sealedValue ?? Buffer.alloc(0),
  );
  return opened.ok ? opened.plain.toString() : `(${opened.reason})`;
}

async function app(): Promise<string> {
  const id = newId();
  await store.insertApp({ id, name: id, createdAt: 1 });
  return id;
}

test("values open again after a restart", async () => {
  const appId = await app();
  const id = await storeSecret(await ring(), appId, "fake-value-1");
  expect(await valueOf(await ring(), appId, id)).toBe("fake-value-1");
});

test("many seals at once share one new data key", async () => {
  const keyring = await ring();
  const appId = await app();
  await Promise.all(
    Array.from({ length: 20 }, () => keyring.seal({ appId, record: "secret:x", field: "value" }, Buffer.from("fake"))),
  );
  expect((await store.listDataKeys()).filter((key) => key.appId === appId)).toHaveLength(1);
});

test("rotation makes new keys, seals everything again, and values stay what they were", async () => {
  const keyring = await ring();
  const appId = await app();
  const ids = await Promise.all(
    Array.from({ length: 450 }, (_, index) => storeSecret(keyring, appId, `fake-value-${index}`)),
  );
  const before = await keyring.state();
  await keyring.rotate();
  const after = await keyring.state();
  expect(after.masterKeys).toHaveLength(before.masterKeys.length + 1);
  expect(after.masterKeys.at(-1)?.active).toBe(true);
  expect(after.staleRecords).toBe(0);
  expect(after.sealedRecords).toBe(450);
  const newest = after.masterKeys.at(-1)?.id;
  expect((await store.listDataKeys()).every((key) => key.masterKeyId === newest)).toBe(true);
  for (const reopened of [keyring, await ring()]) {
    expect(await valueOf(reopened, appId, ids[0] ?? "")).toBe("fake-value-0");
    expect(await valueOf(reopened, appId, ids[449] ?? "")).toBe("fake-value-449");
  }
});

test("a rotation that was cut short goes on with reseal()", async () => {
  const keyring = await ring();
  const appId = await app();
  const id = await storeSecret(keyring, appId, "fake-value-1");
  // As after a crash between making the new data key and sealing the records with it.
  const [old] = await store.listDataKeys();
  if (!old) throw new Error("no data key");
  const provider = openKeyFile(options(path));
  const fresh = newId();
  const { masterKeyId, bytes } = await provider.wrap(randomBytes(32), fresh);
  await store.insertDataKey({ id: fresh, appId, masterKeyId, wrapped: bytes, active: true, createdAt: 2 });
  const restarted = await ring();
  expect((await restarted.state()).staleRecords).toBe(1);
  expect(await restarted.reseal()).toBe(1);
  expect((await restarted.state()).staleRecords).toBe(0);
  expect(await valueOf(restarted, appId, id)).toBe("fake-value-1");
});

test("the master key file is only for its owner, and is refused when it is not", async () => {
  if (process.platform === "win32") return;
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o640);
  expect(() => openKeyFile(options(path))).toThrow(/chmod 600/);
});

test("without the master key nothing starts, and the message says what to do", () => {
  expect(() => openKeyFile(options(join(folder, "elsewhere.key")))).toThrow(MasterKeyMissing);
  expect(() => openKeyFile(options(join(folder, "elsewhere.key")))).toThrow(/alter-vault init/);
});

test("a data key wrapped by a master key that is gone names it", async () => {
  const keyring = await ring();
  await storeSecret(keyring, await app(), "fake");
  rmSync(path);
  createKeyFile(options(path));
  await expect(ring()).rejects.toThrow(/restore the file from its backup/);
});

test.each(["", "{}", "not json", JSON.stringify({ version: 1, keys: [{ id: "x", created_at: 1, key: "AAAA" }] })])(
  "a damaged key file (%j) is refused and left alone",
  (content) => {
    writeFileSync(path, content, { mode: 0o600 });
    expect(() => openKeyFile(options(path))).toThrow(/backup/);
    expect(readFileSync(path, "utf8")).toBe(content);
  },
);

test("a key file is never overwritten by a new one, and leaves no half file behind", () => {
  const before = readFileSync(path, "utf8");
  expect(() => createKeyFile(options(path))).toThrow(/not overwritten/);
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(existsSync(`${path}.next`)).toBe(false);
});

test("a wrapped key does not unwrap under another id or when it was changed", async () => {
  const provider = openKeyFile(options(path));
  const wrapped = await provider.wrap(Buffer.alloc(32, 7), "id-1");
  expect((await provider.unwrap(wrapped, "id-1")).equals(Buffer.alloc(32, 7))).toBe(true);
  await expect(provider.unwrap(wrapped, "id-2")).rejects.toThrow();
  const damaged = Buffer.from(wrapped.bytes);
  damaged[15] = (damaged[15] ?? 0) ^ 1;
  await expect(provider.unwrap({ ...wrapped, bytes: damaged }, "id-1")).rejects.toThrow();
});
