import { printable } from "./printable.ts";

/** Aligned columns under a line of headings; "-" stands for nothing. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "(none)\n";
  const lines = [headings, ...rows].map((row) => row.map(cellText));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => length(line[column] ?? ""))));
  return lines.map((line) => `${joinPadded(line, widths)}\n`).join("");
}

/** One line for each name, the values aligned. */
export function fields(pairs: Readonly<Record<string, Cell>>): string {
  const width = Math.max(...Object.keys(pairs).map(length));
  return Object.entries(pairs)
    .map(([name, value]) => `${joinPadded([name, cellText(value)], [width])}\n`)
    .join("");
}

export type Cell = string | number | boolean | null | undefined | readonly string[];

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === "") return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return printable(Array.isArray(cell) ? cell.join(", ") || "-" : String(cell));
}

function joinPadded(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  return cells.map((cell, at) => (at === last ? cell : cell + " ".repeat((widths[at] ?? 0) - length(cell)))).join("  ");
}

function length(text: string): number {
  return Array.from(text).length;
}
