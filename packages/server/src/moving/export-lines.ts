import { z } from "zod";
import type { MovedRow, MovedValue } from "../store/moved-rows.ts";

/**
 * What is in an export, line by line, in JSON. A table begins with its name and columns; then come its rows as lists of
 * values, bytes as `{"b":"<base64>"}`; at the very end how many rows there were of each:
 *
 *   {"table":"apps","columns":["id","name","created_at"]}
 *   ["0198…","default",1764115200000]
 *   {"end":{"apps":1,…}}
 */
export type ExportLine =
  | { readonly kind: "table"; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: "row"; readonly row: MovedRow }
  | { readonly kind: "end"; readonly counts: Readonly<Record<string, number>> };

export function tableLine(table: string, columns: readonly string[]): string {
  return `${JSON.stringify({ table, columns })}\n`;
}

export function rowLines(rows: readonly MovedRow[]): string {
  let text = "";
  for (const row of rows) text += `${JSON.stringify(row.map(writeValue))}\n`;
  return text;
}

export function endLine(counts: Readonly<Record<string, number>>): string {
  return `${JSON.stringify({ end: counts })}\n`;
}

const Bytes = z.strictObject({ b: z.base64() });
const Head = z.union([
  z.strictObject({ table: z.string(), columns: z.array(z.string()).min(1) }),
  z.strictObject({ end: z.record(z.string(), z.number().int()) }),
]);

/** Throws an Error for what no export writes. */
export function readLine(line: string): ExportLine {
  const parsed: unknown = JSON.parse(line);
  if (Array.isArray(parsed)) return { kind: "row", row: parsed.map(readValue) };
  const head = Head.parse(parsed);
  return "end" in head ? { kind: "end", counts: head.end } : { kind: "table", ...head };
}

function writeValue(value: MovedValue): unknown {
  return value instanceof Uint8Array ? { b: Buffer.from(value).toString("base64") } : value;
}

function readValue(value: unknown): MovedValue {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return Buffer.from(Bytes.parse(value).b, "base64");
}
