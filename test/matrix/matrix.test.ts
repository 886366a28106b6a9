import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { pack } from "./pack.ts";
import { ROWS } from "./rows.ts";
import { tryRow } from "./try-row.ts";

/* What users have installed: the packages as they are published, with both ends of every range of peers they declare. */
const work = mkdtempSync(join(tmpdir(), "alter-vault-matrix-"));
let tarballs: Readonly<Record<string, string>> = {};
beforeAll(async () => {
  tarballs = await pack(work);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = ROWS.map((row, index) => ({
  row,
  index,
  name: Object.entries(row.dependencies)
    .map((dependency) => dependency.join(" "))
    .join(", "),
}));

describe.concurrent("the version matrix", () => {
  test.each(rows)("$row.package: $name", async ({ row, index }) => {
    await tryRow(row, join(work, `project-${index}`), tarballs);
  });
});
