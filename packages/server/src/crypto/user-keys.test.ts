import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIds } from "../random.ts";
import { idpRecord, oauthCredential, oauthGrant } from "../store/contract.test-support.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { sealedWith } from "./envelope.ts";
import { createKeyFile, openKeyFile } from "./file-key-provider.ts";
import { MasterKeyMissing } from "./key-provider.ts";
import { openKeyring, type Keyring } from "./keyring.ts";

let now = 1_700_000_000_000;
const clock = { now: () => now++, monotonic: () => now };
const newId = createIds(clock, randomBytes);

let folder: string;
let store: Store;
let appId: string;
let keyring: Keyring;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-keys-"));
  createKeyFile({ path: join(folder, "master.key"), clock, random: randomBytes, newId });
  store = openSqliteStore(join(folder, "vault.db"));
  appId = newId();
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  keyring = await ring();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ring(): Promise<Keyring> {
  const provider = openKeyFile({ path: join(folder, "master.key"), clock, random: randomBytes, newId });
  return openKeyring({ store, provider, clock, random: randomBytes, newId });
}

async function user(): Promise<string> {
  const id = newId();
  const context = { appId, record: `identity_provider:${id}`, field: "secrets" };
  const sealedSecrets = await keyring.seal(context, Buffer.from("{}"));
  const idp = idpRecord(appId, { id, issuer: `https://issuer.example/${id}`, sealedSecrets });
  await store.insertIdp(idp);
  const seen = { newId: newId(), subject: "ada", source: "token", at: 1, saidAt: 1 } as const;
  return (await store.seeUser(appId, idp.id, seen))?.user.id ?? "";
}

const contextOf = (id: string, userId: string | null) => ({
  appId,
  userId,
  record: `oauth_credential:${id}`,
  field: "tokens",
});

/** An account of the user, whose tokens are sealed for `sealedFor`. */
async function account(userId: string, sealedFor: string | null = userId): Promise<string> {
  const id = newId();
  const sealedTokens = await keyring.sealOwned(contextOf(id, sealedFor), Buffer.from(`fake token of ${id}`));
  const grant = oauthGrant(appId, {
    id,
    principalType: "user",
    principalId: userId,
    account: { id, identifier: id, name: null },
  });
  await store.insertOAuthGrant(grant, oauthCredential(grant, { userId, sealedTokens }));
  return id;
}

const sealedOf = async (id: string): Promise<Uint8Array> =>
  (await store.findOAuthCredential(appId, id))?.sealedTokens ?? Buffer.alloc(0);

async function valueOf(by: Keyring, id: string, sealed?: Uint8Array): Promise<string> {
  const opened = await by.openOwned(contextOf(id, null), sealed ?? (await sealedOf(id)));
  return opened.ok ? opened.plain.toString() : `(${opened.reason})`;
}

async function erase(userId: string): Promise<void> {
  await store.eraseUser(appId, userId);
  keyring.forgetUser(appId, userId);
}

test("what is sealed for a user is under a key of their own, and opens again after a restart", async () => {
  const [ada, eve] = [await user(), await user()];
  const [one, two, other] = [await account(ada), await account(ada), await account(eve)];
  const keys = await Promise.all([one, two, other].map(async (id) => sealedWith(await sealedOf(id))));
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[0]);
  for (const by of [keyring, await ring()]) {
    for (const id of [one, two, other]) expect(await valueOf(by, id)).toBe(`fake token of ${id}`);
  }
  expect(keyring.open(contextOf(one, null), await sealedOf(one))).toEqual({ ok: false, reason: "unknown_key" });
});

test("many seals at once for a new user make one key", async () => {
  const ada = await user();
  const ids = await Promise.all(Array.from({ length: 20 }, () => account(ada)));
  const keys = await Promise.all(ids.map(async (id) => sealedWith(await sealedOf(id))));
  expect(new Set(keys).size).toBe(1);
  expect((await store.countUserHoldings(appId, ada)).keys).toBe(1);
});

test("when the user is erased, a copy of what was sealed does not open any more, neither here nor after a restart", async () => {
  const [ada, eve] = [await user(), await user()];
  const [id, stays] = [await account(ada), await account(eve)];
  const copy = await sealedOf(id);
  expect(await valueOf(keyring, id, copy)).toBe(`fake token of ${id}`);
  await erase(ada);
  for (const by of [keyring, await ring()]) {
    expect(await valueOf(by, id, copy)).toBe("(unknown_key)");
    expect(await valueOf(by, stays)).toBe(`fake token of ${stays}`);
  }
});

test("another process forgets the key in a few minutes, also when it uses it all the time", async () => {
  const ada = await user();
  const id = await account(ada);
  const copy = await sealedOf(id);
  const other = await ring();
  expect(await valueOf(other, id, copy)).toBe(`fake token of ${id}`);
  await erase(ada);
  for (let minute = 0; minute < 6; minute++) {
    now += 60_000;
    await other.refresh();
    await valueOf(other, id, copy);
  }
  expect(await valueOf(other, id, copy)).toBe("(unknown_key)");
});

test("what comes too late for a user who was erased cannot be opened by anybody", async () => {
  const ada = await user();
  await account(ada);
  await erase(ada);
  const late = await keyring.sealOwned(contextOf("late", ada), Buffer.from("fake token"));
  expect(await valueOf(keyring, "late", late)).toBe("(unknown_key)");
  expect((await store.countUserHoldings(appId, ada)).keys).toBe(0);
});

test.each(["read", "made"] as const)(
  "a key that was being %s while its user was erased is not known afterwards",
  async (how) => {
    const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = async <T>(answer: Promise<T>): Promise<T> => {
      const found = await answer;
      asked.resolve();
      await gate.promise;
      return found;
    };
    const slow: Store = {
      ...store,
      findUserKey: (...of) => late(store.findUserKey(...of)),
      insertUserKey: (...of) => late(store.insertUserKey(...of)),
    };
    const ada = await user();
    let copy: Uint8Array = Buffer.alloc(0);
    let id = "late";
    if (how === "read") {
      id = await account(ada);
      copy = await sealedOf(id);
    }
    const provider = openKeyFile({ path: join(folder, "master.key"), clock, random: randomBytes, newId });
    const by = await openKeyring({ store: slow, provider, clock, random: randomBytes, newId });
    const working =
      how === "read" ? by.openOwned(contextOf(id, null), copy) : by.sealOwned(contextOf(id, ada), Buffer.from("fake"));
    await asked.promise;
    await store.eraseUser(appId, ada);
    by.forgetUser(appId, ada);
    gate.resolve();
    const done = await working;
    expect(await valueOf(by, id, "ok" in done ? copy : done)).toBe("(unknown_key)");
  },
);

test("after a rotation, keys that were replaced can be destroyed, and a backup from before opens nothing any more", async () => {
  const ada = await user();
  const id = await account(ada);
  const backup = join(folder, "backup.db");
  const copying = new DatabaseSync(join(folder, "vault.db"));
  copying.exec(`VACUUM INTO '${backup}'`);
  copying.close();
  await erase(ada);
  const eve = await account(await user());

  expect(await keyring.forgetReplaced(now + 1_000_000)).toEqual({ masterKeys: 0, dataKeys: 0 });
  const before = now;
  await keyring.rotate();
  expect(await keyring.forgetReplaced(before - 1)).toEqual({ masterKeys: 0, dataKeys: 0 });
  const opened = await openBackup(backup);
  expect(await valueOf(opened.keyring, id, opened.sealed)).toBe(`fake token of ${id}`);
  await opened.store.close();
  expect(await keyring.forgetReplaced(now + 1_000_000)).toEqual({ masterKeys: 0, dataKeys: 0 });
  now += 61_000;
  expect(await keyring.forgetReplaced(now + 1_000_000)).toEqual({ masterKeys: 1, dataKeys: 1 });
  await expect(openBackup(backup)).rejects.toThrow(MasterKeyMissing);
  for (const by of [keyring, await ring()]) expect(await valueOf(by, eve)).toBe(`fake token of ${eve}`);

  async function openBackup(path: string) {
    const copy = openSqliteStore(path);
    const provider = openKeyFile({ path: join(folder, "master.key"), clock, random: randomBytes, newId });
    const opening = openKeyring({ store: copy, provider, clock, random: randomBytes, newId });
    const by = await opening.catch(async (error: unknown) => {
      await copy.close();
      throw error;
    });
    const credential = await copy.findOAuthCredential(appId, id);
    return { store: copy, keyring: by, sealed: credential?.sealedTokens ?? Buffer.alloc(0) };
  }
});

test("a master key that another process added meanwhile is not taken for one that nothing needs", async () => {
  const path = join(folder, "master.key");
  const other = openKeyFile({ path, clock, random: randomBytes, newId });
  const mine = openKeyFile({ path, clock, random: randomBytes, newId });
  const needed = new Set(mine.masterKeys().map(({ id }) => id));
  await other.rotate();
  const wrapped = await other.wrap(Buffer.alloc(32, 7), "fake-data-key");
  await other.rotate();
  expect(await mine.forget(needed)).toBe(0);
  expect(await openKeyFile({ path, clock, random: randomBytes, newId }).unwrap(wrapped, "fake-data-key")).toEqual(
    Buffer.alloc(32, 7),
  );
});

test("what was sealed before there were keys of users opens, and is sealed again with the user's", async () => {
  const ada = await user();
  const id = await account(ada, null);
  expect(await valueOf(keyring, id)).toBe(`fake token of ${id}`);
  expect(keyring.open(contextOf(id, null), await sealedOf(id)).ok).toBe(true);
  expect(await keyring.reseal()).toBe(1);
  expect(await valueOf(keyring, id)).toBe(`fake token of ${id}`);
  expect(keyring.open(contextOf(id, null), await sealedOf(id)).ok).toBe(false);
  expect(await keyring.reseal()).toBe(0);
});

test("a rotation gives every user a new key, and erasing destroys the old ones with it", async () => {
  const ada = await user();
  const ids = await Promise.all(Array.from({ length: 120 }, () => account(ada)));
  const copy = await sealedOf(ids[0] ?? "");
  await keyring.rotate();
  expect(sealedWith(await sealedOf(ids[0] ?? ""))).not.toBe(sealedWith(copy));
  expect((await keyring.state()).staleRecords).toBe(0);
  expect(await keyring.reseal()).toBe(0);
  for (const by of [keyring, await ring()]) {
    for (const id of ids) expect(await valueOf(by, id)).toBe(`fake token of ${id}`);
    expect(await valueOf(by, ids[0] ?? "", copy)).toBe(`fake token of ${ids[0]}`);
  }
  await erase(ada);
  expect(await valueOf(await ring(), ids[0] ?? "", copy)).toBe("(unknown_key)");
});
