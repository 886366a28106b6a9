import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REQUIREMENTS } from "./requirements.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

test("README and requirements make the same promises", () => {
  const section = /## What it promises\n([\s\S]*?)\n## /.exec(read("README.md"))?.[1] ?? "";
  const promises = section
    .split("\n")
    .filter((line) => line.startsWith("- "))
    .map((line) => line.slice(2));
  expect(promises).toEqual(REQUIREMENTS.map(({ promise }) => promise));
});

test.each(REQUIREMENTS)("shown by a test that exists: $promise", ({ shownBy }) => {
  expect(shownBy.length).toBeGreaterThan(0);
  for (const { file, test: title } of shownBy) {
    expect(title, `${file} needs the title of a test`).not.toBe("");
    expect(read(file), `${file}: ${title}`).toContain(title);
  }
});
