import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { idpRecord, newId } from "../contract.test-support.ts";
import type { Store } from "../store.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const EMAIL = "quetzalcoatlus@people.example";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alter-vault-erasure-"));
  store = openSqliteStore(join(folder, "vault.db"));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const isInFiles = (): boolean => readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(EMAIL));

test("while somebody reads an older state, the call does not wait; when they are through, nothing is left in the files", async () => {
  const appId = newId();
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  const idp = idpRecord(appId);
  await store.insertIdp(idp);
  const seen = { newId: newId(), subject: "s", email: EMAIL, source: "token", at: 1, saidAt: 1 } as const;
  const userId = (await store.seeUser(appId, idp.id, seen))?.user.id ?? "";
  const { writer, head } = await store.openChain("main");
  let created = 1;
  const commit = () =>
    store.appendLog(writer, head, [{ draft: null, nonce: { created: created++, keyId: "k", nonce: "n" } }], () => head);
  const reader = new DatabaseSync(join(folder, "vault.db"), { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM users").get();

  const started = performance.now();
  await store.eraseUser(appId, userId);
  expect(performance.now() - started).toBeLessThan(2_000);
  await commit();
  expect(isInFiles()).toBe(true);
  reader.close();
  await commit();
  expect(isInFiles()).toBe(false);
});
