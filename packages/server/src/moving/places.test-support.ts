import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import type { StoreToFill } from "../store/moved-rows.ts";
import { KNOWN_STEPS, openSnapshot, openStoreToFill } from "../store/open-moving.ts";
import { createTestDatabase, type TestDatabase } from "../store/postgres/database.test-support.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { exportVault, type Exported } from "./export-vault.ts";
import { importVault, type Imported } from "./import-vault.ts";
import { around, vaultIn, writeEntries } from "./moving.test-support.ts";

/** Real databases of both kinds, one master key, and files between them. Gone when the tests of the file are over. */
export const root: string = mkdtempSync(join(tmpdir(), "alter-vault-moving-"));
const databases: TestDatabase[] = [];
export const provider: KeyProvider = newProvider("master.key");

afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(root, { recursive: true, force: true });
});

/** With a master key of its own. */
export function newProvider(name: string): KeyProvider {
  const path = join(root, name);
  createKeyFile({ ...around, path });
  return openKeyFile({ ...around, path });
}

export interface Place {
  readonly databaseUrl: string | null;
  readonly databasePath: string;
}
export type Kind = "SQLite" | "PostgreSQL";

export async function emptyPlace(kind: Kind): Promise<Place> {
  const databasePath = join(mkdtempSync(join(root, "place-")), "vault.db");
  if (kind === "SQLite") return { databaseUrl: null, databasePath };
  const database = await createTestDatabase();
  databases.push(database);
  return { databaseUrl: database.url, databasePath };
}

export const openAt = ({ databaseUrl, databasePath }: Place): Promise<Store> =>
  databaseUrl === null ? Promise.resolve(openSqliteStore(databasePath)) : openPostgresStore({ url: databaseUrl });

/** A small vault that is sound: two apps, an API key that opens, and a log of one chain, or on PostgreSQL of two. */
export async function vaultAt(
  kind: Kind,
  more?: (target: StoreToFill, appIds: readonly string[]) => Promise<void>,
): Promise<Place> {
  const place = await emptyPlace(kind);
  const target = await openStoreToFill(place, KNOWN_STEPS);
  const store = await target.complete();
  const { appIds } = await vaultIn(store, provider);
  await store.prepareLog(around.clock.now());
  for (const name of kind === "SQLite" ? ["main"] : ["first", "second"]) {
    const { writer, head } = await store.openChain(name);
    const entries = [...appIds, null, ...appIds];
    await writeEntries(store, writer, await writeEntries(store, writer, head, entries), entries);
  }
  await store.insertSetting("s", Buffer.from([0, 255]));
  await more?.(target, appIds);
  await target.keep();
  return place;
}

let files = 0;
export async function exported(place: Place, passphrase: string | null = null): Promise<Exported & { file: string }> {
  const file = join(root, `${++files}.export`);
  const snapshot = await openSnapshot(place);
  const done = await exportVault(file, { ...around, snapshot, provider, passphrase });
  await snapshot.close();
  return { ...done, file };
}

export interface Given {
  readonly passphrase?: string;
  readonly acceptDamage?: boolean;
  readonly provider?: KeyProvider;
}
export const imported = (file: string, place: Place, given: Given = {}): Promise<Imported> =>
  importVault(file, {
    ...around,
    openTarget: (steps) => openStoreToFill(place, steps),
    provider,
    passphrase: null,
    acceptDamage: false,
    ...given,
  });
