import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../../crypto/file-key-provider.ts";
import { openKeyring, type Keyring } from "../../crypto/keyring.ts";
import { createIds } from "../../random.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../store/store.ts";
import { openClientSecret, sealClientSecret } from "./client-secret.ts";

const clock = { now: () => 1_700_000_000_000, monotonic: () => 0 };
const newId = createIds(clock, randomBytes);

let folder: string;
let store: Store;
let keyring: Keyring;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-client-"));
  const options = { path: join(folder, "master.key"), clock, random: randomBytes, newId };
  createKeyFile(options);
  store = openSqliteStore(":memory:");
  keyring = await openKeyring({ store, provider: openKeyFile(options), clock, random: randomBytes, newId });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("what was sealed opens again, in its place and nowhere else", async () => {
  const client = { client_secret: "fake-client-secret", private_key: "fake-key", private_key_id: "k1" };
  const sealedClient = await sealClientSecret(keyring, "app-a", "config-1", client);
  expect(sealedClient.includes("fake-client-secret")).toBe(false);
  expect(openClientSecret(keyring, { appId: "app-a", id: "config-1", sealedClient })).toEqual(client);
  expect(openClientSecret(keyring, { appId: "app-a", id: "config-2", sealedClient })).toBeNull();
  expect(openClientSecret(keyring, { appId: "app-b", id: "config-1", sealedClient })).toBeNull();
  const touched = Buffer.from(sealedClient);
  touched[40] = (touched[40] ?? 0) ^ 1;
  expect(openClientSecret(keyring, { appId: "app-a", id: "config-1", sealedClient: touched })).toBeNull();
});

test("a public client has nothing to prove itself with", async () => {
  const sealedClient = await sealClientSecret(keyring, "app-a", "config-1", {});
  expect(openClientSecret(keyring, { appId: "app-a", id: "config-1", sealedClient })).toEqual({});
});
