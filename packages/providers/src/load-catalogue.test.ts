import { expect, test } from "vitest";
import { ACME_TEXT, acmeWith } from "./acme.test-support.ts";
import { loadCatalogue } from "./load-catalogue.ts";

const issuesOf = (...files: { name: string; text: string }[]): unknown[] => {
  const result = loadCatalogue(files);
  return result.ok ? [] : result.issues.map(({ file, rule, path }) => ({ file, rule, path }));
};
const other = { name: "other.yaml", text: acmeWith({ "/id": "other", "/aliases": [] }) };

test("entries come by id, whatever the order of the files", () => {
  const result = loadCatalogue([other, { name: "acme.yaml", text: ACME_TEXT }]);
  expect(result.ok && result.providers.map(({ id }) => id)).toEqual(["acme", "other"]);
});

test.each([
  [
    "a file with another name",
    [{ name: "acne.yaml", text: ACME_TEXT }],
    { file: "acne.yaml", rule: "file-name", path: "/id" },
  ],
  [
    "an id twice",
    [
      { name: "acme.yaml", text: ACME_TEXT },
      { name: "acme.yaml", text: acmeWith({ "/aliases": [] }) },
    ],
    { file: "acme.yaml", rule: "duplicate", path: "/id" },
  ],
  [
    "an alias that is an id",
    [other, { name: "acme.yaml", text: acmeWith({ "/aliases": ["other"] }) }],
    { file: "acme.yaml", rule: "duplicate", path: "/id" },
  ],
  [
    "a bad file beside a good one",
    [other, { name: "acme.yaml", text: "a: [" }],
    { file: "acme.yaml", rule: "yaml", path: "" },
  ],
])("%s is refused", (_name, files, issue) => expect(issuesOf(...files)).toContainEqual(issue));
