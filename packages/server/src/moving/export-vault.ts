import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "../clock.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import { sealStream } from "../crypto/sealed-stream.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type { StoreSnapshot } from "../store/moved-rows.ts";
import { MOVED_TABLES } from "../store/moved-tables.ts";
import { KNOWN_STEPS } from "../store/open-moving.ts";
import { VERSION } from "../version.ts";
import { writeHeader } from "./export-header.ts";
import { makeExportKey, type ExportKey } from "./export-key.ts";
import { endLine, rowLines, tableLine } from "./export-lines.ts";
import { isBornOfImport } from "./imported-vault.ts";
import { MovingProblem } from "./moving-problem.ts";

/**
 * Moving house: everything that a vault keeps, in one sealed file, and from there into an empty place of either kind. The
 * same file is the backup. A vault may serve meanwhile: what is exported is one moment of it.
 *
 * It trusts the database for what to export, and the key for what to import: a file that opens was written by somebody
 * who has it. It refuses whatever is changed, cut short or from a newer program, fills nothing that is not empty, and
 * lets nothing be seen of an import before counts, audit log and sealed values have been verified.
 *
 * In memory is never more than some rows, however long the log.
 */
export interface ExportDeps {
  readonly snapshot: StoreSnapshot;
  readonly provider: KeyProvider;
  /** Null: sealed with the master key. */
  readonly passphrase: string | null;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Progress {
  readonly step: "rows" | "index" | "audit" | "sealed";
  readonly table?: string;
  readonly done: number;
  /** Where it is known beforehand. */
  readonly total?: number;
}

export interface Exported {
  readonly id: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly sealedBy: ExportKey["sealedBy"];
}

/** Writes the file, which appears only when it is whole. Throws {@link MovingProblem}, or what the disk says. */
export async function exportVault(path: string, deps: ExportDeps): Promise<Exported> {
  const { snapshot, random, clock, newId } = deps;
  await expectVault(snapshot);
  const id = newId();
  const { key, sealedBy, check } = await makeExportKey(id, deps);
  const header = writeHeader({
    id,
    made_at: clock.now(),
    program: VERSION,
    schema: KNOWN_STEPS,
    sealed_by: sealedBy,
    key_check: check.toString("base64"),
  });
  const counts: Record<string, number> = {};
  const temporary = join(dirname(resolve(path)), `.${random(6).toString("hex")}.part`);
  try {
    await pipeline(
      linesOf(deps, counts),
      // The log is most of it, and mostly says the same: a fifth is left at little cost.
      createGzip({ level: 1 }),
      async function* (packed: AsyncIterable<Buffer>) {
        yield header;
        yield* sealStream(packed, key, header);
      },
      createWriteStream(temporary, { mode: 0o600, flags: "wx", flush: true }),
    );
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { id, counts, sealedBy };
}

async function* linesOf({ snapshot, onProgress }: ExportDeps, counts: Record<string, number>): AsyncGenerator<string> {
  for (const table of MOVED_TABLES) {
    const columns = await snapshot.columnsOf(table);
    const total = await snapshot.count(table);
    yield tableLine(table, columns);
    let done = 0;
    for await (const some of snapshot.rowsOf(table, columns)) {
      const rows = table === "settings" ? some.filter((row) => !isBornOfImport(row[columns.indexOf("name")])) : some;
      yield rowLines(rows);
      done += rows.length;
      onProgress?.({ step: "rows", table, done, total });
    }
    counts[table] = done;
  }
  yield endLine(counts);
}

async function expectVault(snapshot: StoreSnapshot): Promise<void> {
  const { taken, known } = snapshot.step;
  if (taken > known)
    throw new MovingProblem(
      "export_newer",
      `the database was changed by a newer version (step ${taken} of its schema; this program knows ${known})`,
      "Export it with that version.",
    );
  if (taken === 0 || (await snapshot.count("apps")) === 0)
    throw new MovingProblem(
      "nothing_to_export",
      "the database holds no vault",
      "Name the place of a vault with --data DIR or --database URL.",
    );
  if (taken === known) return;
  throw new MovingProblem(
    "schema_outdated",
    `the database is of an older version (step ${taken} of its schema; this program knows ${known})`,
    "Export it with the version that it is of; or start this version once, which brings it up to date.",
  );
}
