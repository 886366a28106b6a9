import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import { openKeyring, type Keyring } from "../crypto/keyring.ts";
import { createIds } from "../random.ts";
import { idpRecord } from "../store/contract.test-support.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { StorageUnavailable, type Store } from "../store/store.ts";
import type { KnownEntry } from "./entry.ts";
import { openAuditLog } from "./log.ts";
import { openEntryBody, writeEntryBody } from "./entry-body.ts";

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const newId = createIds(clock, randomBytes);
const URL = "https://api.example/people/ada@people.example";

let folder: string;
let store: Store;
let keyring: Keyring;
let appId: string;
let userId: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-personal-"));
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  createKeyFile(options);
  store = openSqliteStore(":memory:");
  keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
  appId = newId();
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  const idp = idpRecord(appId);
  await store.insertIdp(idp);
  const seen = { newId: newId(), subject: "ada", source: "token", at: 1, saidAt: 1 } as const;
  userId = (await store.seeUser(appId, idp.id, seen))?.user.id ?? "";
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (over: Partial<KnownEntry> = {}): KnownEntry => ({
  kind: "request",
  action: "request",
  app_id: appId,
  user_id: userId,
  url: URL,
  reason: "ada@people.example asked",
  context: { run_id: "r", thread_id: "t", tool_call_id: "c", node: "for ada@people.example" },
  decision: "deny",
  rule: "r",
  message: "not for ada@people.example",
  ...over,
});

async function written(
  body: KnownEntry,
): Promise<{ readonly entryId: string; readonly appId: string; readonly body: string }> {
  const entryId = newId();
  return { entryId, appId, body: await writeEntryBody(keyring, entryId, body) };
}

test("what a call for a user says is not in the entry in the clear, and is read back as it was", async () => {
  const entry = await written(call());
  expect(entry.body).not.toContain("ada@");
  expect(JSON.parse(entry.body)).toMatchObject({
    context: { run_id: "r", thread_id: "t", tool_call_id: "c" },
    rule: "r",
  });
  const read = await openEntryBody(keyring, entry);
  expect(read).toMatchObject({ ...call(), erased: false });
});

test("also why a user said yes or no to a call of others", async () => {
  const decided = {
    kind: "admin",
    action: "decideApproval",
    url: undefined,
    context: undefined,
    decision: "allow",
  } as const;
  const entry = await written(call({ ...decided, message: undefined }));
  expect(entry.body).not.toContain("ada@");
  expect((await openEntryBody(keyring, entry)).reason).toBe("ada@people.example asked");
  await store.eraseUser(appId, userId);
  keyring.forgetUser(appId, userId);
  expect(await openEntryBody(keyring, entry)).toMatchObject({ reason: null, erased: true });
});

test("why the operator does something about a user stays: it is the operator's", async () => {
  const entry = await written(call({ kind: "admin", action: "addAuditHold", context: undefined, message: undefined }));
  expect((JSON.parse(entry.body) as KnownEntry).reason).toBe("ada@people.example asked");
});

test("also of a call by an agent that was lent the user's account", async () => {
  const entry = await written(call({ user_id: null, principal_type: "user", principal_id: userId }));
  expect(entry.body).not.toContain("ada@");
  expect((await openEntryBody(keyring, entry)).url).toBe(URL);
});

test("when the user is erased nobody can read it, and the rest of the entry is there", async () => {
  const entry = await written(call());
  await store.eraseUser(appId, userId);
  keyring.forgetUser(appId, userId);
  const read = await openEntryBody(keyring, entry);
  expect(read).toMatchObject({ erased: true, url: null, reason: null, message: null, rule: "r", user_id: userId });
  expect(read.context).toEqual({ run_id: "r", thread_id: "t", tool_call_id: "c" });
});

test("it cannot be moved to another entry", async () => {
  const [one, other] = [await written(call()), await written(call())];
  expect((await openEntryBody(keyring, { ...other, body: one.body })).erased).toBe(true);
});

test.each([
  ["for nobody", { user_id: null }],
  ["of the operator's", { kind: "admin" as const }],
])("an entry %s is written as it is", async (_name, over) => {
  const body = call(over);
  expect((await written(body)).body).toBe(JSON.stringify(body));
});

test("a call that says nothing makes no key", async () => {
  await written({ kind: "request", action: "request", app_id: appId, user_id: userId, decision: "allow", rule: "r" });
  expect((await store.countUserHoldings(appId, userId)).keys).toBe(0);
});

test("without the user's key nothing is written, and whoever asked must not go on", async () => {
  const failures: unknown[] = [];
  const log = await openAuditLog({
    store,
    clock,
    newId,
    writer: "main",
    write: () => Promise.reject(new StorageUnavailable("full")),
    onFailure: (error) => failures.push(error),
  });
  expect(await log.record(newId(), call(), null)).toBe("unavailable");
  await log.close();
  expect(failures).toHaveLength(1);
  expect(await store.readChain("main", 0, 10)).toEqual([]);
});
