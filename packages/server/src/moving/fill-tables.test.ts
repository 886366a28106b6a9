import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoreToFill } from "../store/moved-rows.ts";
import { KNOWN_STEPS, openStoreToFill } from "../store/open-moving.ts";
import { endLine, rowLines, tableLine } from "./export-lines.ts";
import { fillTables, type TableCount } from "./fill-tables.ts";
import { root } from "./places.test-support.ts";

let target: StoreToFill;
beforeEach(async () => {
  const databasePath = join(mkdtempSync(join(root, "fill-")), "vault.db");
  target = await openStoreToFill({ databaseUrl: null, databasePath }, KNOWN_STEPS);
});
afterEach(() => target.abandon());

async function* bytesOf(lines: readonly string[]): AsyncGenerator<Buffer> {
  yield Buffer.from(lines.join(""));
}
const filled = (...lines: string[]): Promise<TableCount[]> => fillTables(bytesOf(lines), target, undefined);

const HEAD = tableLine("settings", ["name", "value"]);
const ROWS = rowLines([
  ["one", Buffer.from("1")],
  ["two", Buffer.from("2")],
]);

test("what was written whole is taken, and counted", async () => {
  expect(await filled(HEAD, ROWS, endLine({ settings: 2 }))).toEqual([{ table: "settings", exported: 2, imported: 2 }]);
});

// The seal shows that nothing was changed since; this is for a program that did not write what it should have.
test.each<[string, string[], string]>([
  ["no end", [HEAD, ROWS], "has no end"],
  ["nothing at all", [], "has no end"],
  ["a row too few", [HEAD, ROWS, endLine({ settings: 3 })], "says that there are 3 rows of settings; 2 arrived"],
  ["a row too many", [HEAD, ROWS, endLine({ settings: 1 })], "says that there are 1 rows of settings; 2 arrived"],
  ["a table left out", [HEAD, ROWS, endLine({ settings: 2, apps: 0 })], "counts rows of a table that is not in it"],
  ["a table not counted", [HEAD, ROWS, endLine({})], "says that there are 0 rows of settings; 2 arrived"],
  ["a table twice", [HEAD, ROWS, HEAD, endLine({ settings: 2 })], "has settings twice"],
  [
    "a row of other columns",
    [HEAD, rowLines([["one"]]), endLine({ settings: 1 })],
    "a row of settings with other columns",
  ],
  ["lines behind its end", [HEAD, endLine({ settings: 0 }), HEAD], "goes on after its end"],
])("an export with %s is damaged", async (_name, lines, detail) => {
  const error: unknown = await filled(...lines).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "export_damaged", message: expect.stringContaining(detail) });
});

test.each([
  ["a table", tableLine("moons", ["name"])],
  ["a column", tableLine("settings", ["name", "value", "phase"])],
])("an export with %s that is not known is of a newer program", async (_name, head) => {
  await expect(filled(head, endLine({}))).rejects.toMatchObject({ code: "export_newer" });
});
