import { z } from "zod";
import type { ByteReader } from "../byte-reader.ts";
import type { SchemaSteps } from "../store/moved-rows.ts";
import { MovingProblem } from "./moving-problem.ts";

/**
 * The beginning of an export, in the clear and authenticated by everything behind it. Two lines, so that `head -2` tells
 * whoever finds the file what it is and which key opens it:
 *
 *   alter-vault export 1
 *   {"id":…,"made_at":…,"program":…,"schema":{"sqlite":…,"postgres":…},"sealed_by":{…},"key_check":…}
 *
 * then the sealed stream (crypto/sealed-stream.ts), and in it, compressed, the lines of export-lines.ts.
 */
const FORMAT = "alter-vault export";
const VERSION = 1;
const LONGEST = 16 * 1024;
const LINE_FEED = 0x0a;

export type SealedBy =
  | {
      readonly kind: "master_key";
      readonly provider: string;
      readonly master_key_id: string;
      readonly wrapped: string;
    }
  | { readonly kind: "passphrase"; readonly stretched_by: "scrypt 2^17 8 1"; readonly salt: string };

export interface ExportHeader {
  readonly id: string;
  readonly made_at: number;
  readonly program: string;
  /** The last step of each schema that the program knew which wrote it. */
  readonly schema: SchemaSteps;
  readonly sealed_by: SealedBy;
  /** Tells a wrong key from a file that was changed. */
  readonly key_check: string;
}

const Header: z.ZodType<ExportHeader> = z.object({
  id: z.string(),
  made_at: z.number().int(),
  program: z.string(),
  schema: z.object({ sqlite: z.number().int(), postgres: z.number().int() }),
  sealed_by: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("master_key"),
      provider: z.string(),
      master_key_id: z.string(),
      wrapped: z.base64(),
    }),
    z.strictObject({ kind: z.literal("passphrase"), stretched_by: z.literal("scrypt 2^17 8 1"), salt: z.base64() }),
  ]),
  key_check: z.base64(),
});

export function writeHeader(header: ExportHeader): Buffer {
  return Buffer.from(`${FORMAT} ${VERSION}\n${JSON.stringify(header)}\n`);
}

/** The header, and its bytes as they stand, which is what is authenticated. Throws {@link MovingProblem}. */
export async function readHeader(file: ByteReader): Promise<{ header: ExportHeader; bytes: Buffer }> {
  const first = await file.takeThrough(LINE_FEED, 64);
  const [, version] = /^alter-vault export (\d{1,9})\n$/.exec(first?.toString("latin1") ?? "") ?? [];
  if (!first || version === undefined)
    throw new MovingProblem(
      "not_an_export",
      "the file does not begin as an export does",
      "Name the file that `alter-vault export` wrote.",
    );
  if (Number(version) !== VERSION)
    throw new MovingProblem(
      "export_newer",
      `the export has form ${version}, and this program knows form ${VERSION}`,
      NEWER,
    );
  const second = await file.takeThrough(LINE_FEED, LONGEST);
  const header = Header.safeParse(parseJson(second));
  if (!second || !header.success)
    throw new MovingProblem("export_damaged", "the header of the export cannot be read", DAMAGED);
  return { header: header.data, bytes: Buffer.concat([first, second]) };
}

export const NEWER = "Import it with the version of alter-vault that wrote it, or a newer one.";
export const DAMAGED = "Nothing was imported. Fetch the file again from where it was made, or use another backup.";

function parseJson(line: Buffer | null): unknown {
  try {
    return JSON.parse(line?.toString() ?? "");
  } catch {
    return null;
  }
}
