import { randomBytes } from "node:crypto";
import { linkRow } from "../audit/chain.ts";
import { openKeyring, type Keyring } from "../crypto/keyring.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import type { Surroundings } from "../local-vault.ts";
import { createLogger } from "../logger.ts";
import { newId } from "../store/contract.test-support.ts";
import type { ChainHead, LogAppend, LogStore } from "../store/log-records.ts";
import type { MovedValue, StoreSnapshot, StoreToFill } from "../store/moved-rows.ts";
import { MOVED_TABLES } from "../store/moved-tables.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import type { Store } from "../store/store.ts";
import { isBornOfImport } from "./imported-vault.ts";
import { systemSurroundings } from "../system.ts";

export const around: Surroundings = systemSurroundings(createLogger("silent"));

/** Tables that are filled by what the vault does, because their rows mean something to each other. */
const BY_THE_VAULT = ["apps", "data_keys", "settings", "log", "checkpoints"];

/**
 * Two rows in every table that moves, whatever its columns are: a table that is added is filled, too. Text is not only
 * ASCII, times are large, and what may be null is null in the second.
 */
export async function fillEveryTable(target: StoreToFill, appIds: readonly string[]): Promise<void> {
  const schema = openDatabase(":memory:");
  for (const table of MOVED_TABLES) {
    if (BY_THE_VAULT.includes(table)) continue;
    const moved = await target.columnsOf(table);
    const columns = schema
      .all<Column>(`SELECT name, type, "notnull" AS needed, pk FROM pragma_table_info('${table}')`)
      .filter(({ name }) => moved.includes(name));
    const rows = appIds.map((appId, index) => columns.map((column) => valueFor(table, column, appId, index)));
    await target.insert(
      table,
      columns.map(({ name }) => name),
      rows,
    );
  }
  schema.close();
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly needed: number;
  readonly pk: number;
}

function valueFor(table: string, { name, type, needed, pk }: Column, appId: string, index: number): MovedValue {
  if (name === "app_id") return appId;
  if (needed === 0 && pk === 0 && index === 1) return null;
  if (type === "BLOB") return randomBytes(60);
  if (type === "INTEGER") return name.endsWith("_at") ? 2 ** 41 + index : index;
  return `${table}.${name} ${index} \u00e9\u{1f511} "\n`;
}

/** A vault without a server: two apps, their secrets sealed, and a log of several entries, of which some say no app. */
export async function vaultIn(store: Store, provider: KeyProvider): Promise<{ keyring: Keyring; appIds: string[] }> {
  const keyring = await openKeyring({ ...around, store, provider });
  const appIds: string[] = [];
  for (const name of ["one", "two"]) {
    const app = { id: newId(), name, createdAt: 1 };
    await store.insertApp(app);
    appIds.push(app.id);
    await keyring.seal({ appId: app.id, record: "x", field: "y" }, Buffer.from("fake"));
  }
  return { keyring, appIds };
}

/** Entries and their outcomes, at the end of a chain. */
export async function writeEntries(
  store: LogStore,
  writer: string,
  head: ChainHead,
  appIds: readonly (string | null)[],
): Promise<ChainHead> {
  const appends = appIds.flatMap((appId): LogAppend[] => {
    const of = { entryId: newId(), appId, at: around.clock.now() };
    const body = JSON.stringify({ decision: "allow", context: { run_id: "run-1" } });
    return [
      { draft: { ...of, kind: "entry", body }, nonce: null },
      { draft: { ...of, kind: "outcome", body: '{"outcome":"done","latency_ms":1}' }, nonce: null },
    ];
  });
  return (await store.appendLog(writer, head, appends, linkRow)).head;
}

/** Every table that moves, its rows in an order that does not depend on the driver; without where it came from. */
export async function contentOf(snapshot: StoreSnapshot): Promise<Record<string, readonly string[]>> {
  const content: Record<string, string[]> = {};
  for (const table of MOVED_TABLES) {
    const columns = [...(await snapshot.columnsOf(table))].toSorted();
    const rows: string[] = [];
    for await (const some of snapshot.rowsOf(table, columns))
      for (const row of some.filter((values) => !values.some(isBornOfImport)))
        rows.push(
          JSON.stringify(
            row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value)),
          ),
        );
    content[table] = table === "log" ? rows : rows.toSorted();
  }
  await snapshot.close();
  return content;
}
