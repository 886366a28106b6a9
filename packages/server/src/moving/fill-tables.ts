import { linesOf } from "../lines-of.ts";
import type { MovedRow, StoreToFill } from "../store/moved-rows.ts";
import { MOVED_TABLES } from "../store/moved-tables.ts";
import { DAMAGED, NEWER } from "./export-header.ts";
import { readLine, type ExportLine } from "./export-lines.ts";
import type { Progress } from "./export-vault.ts";
import { MovingProblem } from "./moving-problem.ts";

export interface TableCount {
  readonly table: string;
  readonly exported: number;
  readonly imported: number;
}

const MOST_ROWS = 500;
const ENOUGH_CHARACTERS = 1024 * 1024;

/** Puts the lines of an export into the tables, and counts what is there afterwards. Throws {@link MovingProblem}. */
export async function fillTables(
  plain: AsyncIterable<Buffer>,
  target: StoreToFill,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<TableCount[]> {
  const read = new Map<string, number>();
  let table = "";
  let columns: readonly string[] = [];
  let waiting: MovedRow[] = [];
  let characters = 0;
  let ended: Readonly<Record<string, number>> | null = null;

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    await target.insert(table, columns, waiting);
    const done = (read.get(table) ?? 0) + waiting.length;
    read.set(table, done);
    onProgress?.({ step: "rows", table, done });
    waiting = [];
    characters = 0;
  }

  for await (const text of linesOf(plain)) {
    const line = lineOf(text);
    if (ended) throw notAsWritten("goes on after its end");
    switch (line.kind) {
      case "table":
        await flush();
        ({ table, columns } = line);
        if (read.has(table)) throw notAsWritten(`has ${table} twice`);
        await expectColumns(target, table, columns);
        read.set(table, 0);
        break;
      case "row":
        if (line.row.length !== columns.length) throw notAsWritten(`has a row of ${table} with other columns`);
        waiting.push(line.row);
        characters += text.length;
        if (waiting.length >= MOST_ROWS || characters >= ENOUGH_CHARACTERS) await flush();
        break;
      case "end":
        await flush();
        ended = line.counts;
        break;
    }
  }
  if (!ended) throw notAsWritten("has no end");
  return compareCounts(target, ended, read);
}

async function compareCounts(
  target: StoreToFill,
  ended: Readonly<Record<string, number>>,
  read: ReadonlyMap<string, number>,
): Promise<TableCount[]> {
  const counts: TableCount[] = [];
  for (const table of new Set([...Object.keys(ended), ...read.keys()])) {
    const exported = ended[table] ?? 0;
    // Names go into SQL, and only those of tables that began are known to be names of tables.
    if (!read.has(table)) throw notAsWritten("counts rows of a table that is not in it");
    const imported = await target.count(table);
    if (exported !== read.get(table) || exported !== imported)
      throw notAsWritten(`says that there are ${exported} rows of ${table}; ${imported} arrived`);
    counts.push({ table, exported, imported });
  }
  return counts;
}

function lineOf(text: string): ExportLine {
  try {
    return readLine(text);
  } catch (error) {
    throw notAsWritten("has a line that no export has", error);
  }
}

async function expectColumns(target: StoreToFill, table: string, columns: readonly string[]): Promise<void> {
  if (!MOVED_TABLES.includes(table))
    throw new MovingProblem(
      "export_newer",
      `the export has records of a kind this program does not know (${table})`,
      NEWER,
    );
  const there = await target.columnsOf(table);
  if (there.length === columns.length && columns.every((name) => there.includes(name))) return;
  throw new MovingProblem("export_newer", `the export has other columns of ${table} than this program knows`, NEWER);
}

function notAsWritten(what: string, cause?: unknown): MovingProblem {
  return new MovingProblem("export_damaged", `the export ${what}`, DAMAGED, { cause });
}
