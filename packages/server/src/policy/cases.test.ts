import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyCases, PolicyDocument } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { checkPolicy } from "./check-policy.ts";
import { preparePolicy } from "./published-policy.ts";
import { runCases } from "./run-cases.ts";

const directory = join(import.meta.dirname, "cases");
const files = readdirSync(directory).map((file) => ({
  file,
  tables: (JSON.parse(readFileSync(join(directory, file), "utf8")) as unknown[]).map((table) =>
    PolicyCases.parse(table),
  ),
}));

test("there are enough of them", () => {
  const count = files.flatMap(({ tables }) => tables.flatMap(({ cases }) => cases)).length;
  expect(count).toBeGreaterThanOrEqual(300);
});

describe.each(files)("$file", ({ tables }) => {
  test.each(tables.map((table) => [table.about ?? "", table] as const))("%s", (_about, table) => {
    const document = table.policy ?? PolicyDocument.parse({});
    expect(checkPolicy(document)).toEqual([]);
    const policy = preparePolicy(document);
    try {
      expect(runCases(policy, table)).toEqual([]);
    } finally {
      policy.cedar.close();
    }
  });
});
