import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import { openKeyring } from "../crypto/keyring.ts";
import { createIds } from "../random.ts";
import { createTestDatabase, type TestDatabase } from "../store/postgres/database.test-support.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import type { Store } from "../store/store.ts";
import { openAuditLog, type AuditLog } from "./log.ts";
import { createRetentionKeeper, type RetentionKeeper } from "./retention.ts";

const DAY_MS = 86_400_000;
let now = Date.UTC(2026, 0, 10);
const clock = { now: () => now, monotonic: () => 0 };
const newId = createIds(clock, randomBytes);

let folder: string;
let database: TestDatabase;
let store: Store;
let log: AuditLog;
let keeper: RetentionKeeper;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-retention-"));
  database = await createTestDatabase();
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  createKeyFile(options);
  store = await openPostgresStore({ url: database.url });
  const keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
  const { writer } = await store.openChain(newId());
  log = await openAuditLog({ store, clock, newId, writer });
  keeper = createRetentionKeeper({ store, keyring, log, clock, sleep: async () => undefined });
});
afterEach(async () => {
  await log.close();
  await store.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("what is held of a user stays, also where the index over the log has not come so far", async () => {
  await store.prepareLog(now);
  const facts = { kind: "request", action: "request", app_id: "app", user_id: "eve" } as const;
  await log.record(newId(), { ...facts, decision: "allow", rule: "r" }, null);
  await log.flush();
  now += 100 * DAY_MS;
  const hold = { id: newId(), appId: "app", userId: "eve", since: null, until: null, reason: "case", createdBy: "k" };
  await store.insertHold({ ...hold, createdAt: now, releasedBy: null, releasedAt: null });
  await store.setRetention({ days: 30, setBy: "k", setAt: now });
  expect(await keeper.keep()).toBe(0);
  await store.releaseHold("app", hold.id, "k", now);
  expect(await keeper.keep()).toBe(1);
});
