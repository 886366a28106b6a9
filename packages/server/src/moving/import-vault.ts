import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { readBytes } from "../byte-reader.ts";
import type { Clock } from "../clock.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import { openStream, SealBroken } from "../crypto/sealed-stream.ts";
import type { NewId, RandomBytes } from "../random.ts";
import { SchemaInTheWay, StoreNotEmpty, type SchemaSteps, type StoreToFill } from "../store/moved-rows.ts";
import { KNOWN_STEPS } from "../store/open-moving.ts";
import { DAMAGED, NEWER, readHeader, type ExportHeader } from "./export-header.ts";
import { findExportKey } from "./export-key.ts";
import type { Progress } from "./export-vault.ts";
import { fillTables, type TableCount } from "./fill-tables.ts";
import { markImported } from "./imported-vault.ts";
import { MovingProblem } from "./moving-problem.ts";
import { verifyImport, type Verified } from "./verify-import.ts";

export interface ImportDeps {
  /** An empty place, with the schema as of these steps. */
  readonly openTarget: (steps: SchemaSteps) => Promise<StoreToFill>;
  readonly provider: KeyProvider;
  readonly passphrase: string | null;
  /** Takes a vault whose log or values are not whole, where that is so in the old place, too. */
  readonly acceptDamage: boolean;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Imported extends Verified {
  readonly id: string;
  readonly madeAt: number;
  readonly tables: readonly TableCount[];
}

const INDEX_ROWS = 2_000;

/** Fills an empty place from a file: with all of it, verified, or with nothing. Throws {@link MovingProblem}. */
export async function importVault(path: string, deps: ImportDeps): Promise<Imported> {
  const stream = createReadStream(path);
  try {
    const file = readBytes(stream);
    const { header, bytes } = await readHeader(file);
    refuseNewer(header);
    const key = await findExportKey(header, deps);
    const target = await openTarget(header, deps);
    try {
      const imported = await fillAndVerify(header, openStream(file, key, bytes), target, deps);
      await target.keep();
      return imported;
    } catch (error) {
      await target.abandon();
      throw error;
    }
  } finally {
    stream.destroy();
  }
}

async function fillAndVerify(
  header: ExportHeader,
  packed: AsyncIterable<Buffer>,
  target: StoreToFill,
  deps: ImportDeps,
): Promise<Imported> {
  const { id, made_at: madeAt } = header;
  const tables = await readAll(packed, (plain) => fillTables(plain, target, deps.onProgress));
  const store = await target.complete();
  await markImported(store, { id, madeAt, at: deps.clock.now() });
  for (let left = 1; left > 0; deps.onProgress?.({ step: "index", done: left }))
    left = await store.indexLog(INDEX_ROWS);
  return { id, madeAt, tables, ...(await verifyImport(store, deps)) };
}

/** Whatever is wrong with the file has a name; what goes wrong elsewhere keeps its own. */
async function readAll<T>(
  packed: AsyncIterable<Buffer>,
  read: (plain: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  let answer: { readonly of: T } | null = null;
  try {
    await pipeline(packed, createGunzip({ chunkSize: 64 * 1024 }), async (plain: AsyncIterable<Buffer>) => {
      answer = { of: await read(plain) };
    });
  } catch (error) {
    throw ofFile(error);
  }
  if (!answer) throw new Error("the export was not read");
  return (answer as { readonly of: T }).of;
}

function ofFile(error: unknown): unknown {
  if (error instanceof SealBroken && error.reason === "truncated")
    return new MovingProblem("export_truncated", "the export ends in the middle", DAMAGED, { cause: error });
  const isOfFile = error instanceof SealBroken || /^Z_|^ERR_ZLIB/.test(String((error as { code?: unknown }).code));
  if (!isOfFile) return error;
  return new MovingProblem("export_damaged", "the export was changed since it was written", DAMAGED, { cause: error });
}

function refuseNewer({ program, schema }: ExportHeader): void {
  if (schema.sqlite <= KNOWN_STEPS.sqlite && schema.postgres <= KNOWN_STEPS.postgres) return;
  throw new MovingProblem("export_newer", `the export was written by a newer program (${program})`, NEWER);
}

async function openTarget({ schema }: ExportHeader, deps: ImportDeps): Promise<StoreToFill> {
  try {
    return await deps.openTarget(schema);
  } catch (error) {
    if (error instanceof StoreNotEmpty)
      throw new MovingProblem(
        "target_not_empty",
        `${error.message}; an import goes into an empty place only, and nothing was changed`,
        "Name an empty place with --data or --database. To take the place of a vault, move that one away first.",
        { cause: error },
      );
    if (error instanceof SchemaInTheWay)
      throw new MovingProblem(
        "target_schema_newer",
        `${error.message}, and the export is older`,
        "Make the database anew (DROP DATABASE, CREATE DATABASE) and import into that; it is brought up to date then.",
        { cause: error },
      );
    throw error;
  }
}
