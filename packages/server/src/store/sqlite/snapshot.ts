import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { SQLITE_MIGRATIONS } from "../migrations/sqlite.ts";
import type { MovedRow, StoreSnapshot } from "../moved-rows.ts";
import { movedColumns } from "../moved-tables.ts";
import { guard } from "./database.ts";

const AT_ONCE = 200;

/**
 * One read transaction on a second connection: the vault goes on writing, and this sees none of it. While it is open the
 * write-ahead log only grows. Writes nothing to the database.
 */
export function openSqliteSnapshot(path: string): StoreSnapshot {
  const db = guard(() => new DatabaseSync(path, { readOnly: true, timeout: 5_000 }));
  const get = <T>(sql: string): T | undefined => guard(() => db.prepare(sql).get() as T | undefined);
  const taken = beginAt(db, () => get<{ id: number }>("SELECT max(id) AS id FROM migrations")?.id ?? 0);
  return {
    step: { taken, known: SQLITE_MIGRATIONS.at(-1)?.id ?? 0 },
    columnsOf: async (table) => tableColumns((sql) => guard(() => db.prepare(sql).all()), table),
    count: async (table) => get<{ n: number }>(`SELECT count(*) AS n FROM "${table}"`)?.n ?? 0,
    async *rowsOf(table, columns) {
      const names = columns.map((name) => `"${name}"`).join(", ");
      const after = get<{ after: number }>("SELECT starts_after AS after FROM own_chain")?.after ?? 0;
      const log = `SELECT writer, coalesce(chain_seq, seq - ${after}) AS seq, kind, entry_id, app_id, at, body, hash
        FROM log ORDER BY log.seq`;
      const rows = guard(() => db.prepare(table === "log" ? log : `SELECT ${names} FROM "${table}"`).iterate());
      let some: MovedRow[] = [];
      for (;;) {
        const next = guard(() => rows.next());
        if (next.done) break;
        some.push(columns.map((name) => valueOf(next.value[name])));
        if (some.length < AT_ONCE) continue;
        yield some;
        some = [];
      }
      if (some.length > 0) yield some;
    },
    close: async () => db.close(),
  };
}

/** The first read is what the snapshot is of. */
function beginAt<T>(db: DatabaseSync, read: () => T): T {
  try {
    db.exec("BEGIN");
    return read();
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Those that move. */
export function tableColumns(
  all: (sql: string) => readonly Record<string, unknown>[],
  table: string,
): readonly string[] {
  const rows = all(`SELECT name FROM pragma_table_info('${table}') ORDER BY cid`);
  return movedColumns(
    table,
    rows.map(({ name }) => String(name)),
  );
}

function valueOf(value: SQLOutputValue | undefined): string | number | Uint8Array | null {
  if (typeof value === "bigint" || value === undefined) throw new Error("a column holds what the vault never stores");
  return value;
}
