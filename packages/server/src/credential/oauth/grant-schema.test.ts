import { expect, test } from "vitest";
import { checkGrantData } from "./grant-data.ts";
import { checkGrantSchema } from "./grant-schema.ts";

const SETTINGS = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Settings",
  type: "object",
  properties: {
    plan: { type: "string", enum: ["free", "pro"] },
    folder: { type: "string", minLength: 2, maxLength: 10, pattern: "^/" },
    limit: { type: "integer", minimum: 1, maximum: 100 },
    ratio: { type: "number", exclusiveMinimum: 0, multipleOf: 0.5 },
    note: { type: ["string", "null"], maxLength: 3 },
    mail: { type: "string", format: "email" },
    version: { const: 2 },
    on: { type: "boolean" },
    tags: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 2, uniqueItems: true },
    owner: {
      type: "object",
      properties: { id: { type: "integer" } },
      required: ["id"],
      additionalProperties: false,
    },
    either: { anyOf: [{ type: "string" }, { type: "integer" }] },
    labels: { type: "object", additionalProperties: { type: "string" }, minProperties: 1, maxProperties: 2 },
  },
  required: ["plan"],
  additionalProperties: false,
};

test("the schema with everything in it is taken", () => {
  expect(checkGrantSchema(SETTINGS)).toEqual([]);
  expect(checkGrantSchema({ type: "object" })).toEqual([]);
});

test.each<[string, object, string[]]>([
  ["what fits", { plan: "pro", folder: "/a", limit: 1, ratio: 1.5, note: null, version: 2, on: true }, []],
  ["more that fits", { plan: "free", tags: ["a"], owner: { id: 1 }, either: 3, labels: { a: "b" } }, []],
  ["a missing property", {}, ["data.plan"]],
  ["another property", { plan: "pro", other: 1 }, ["data"]],
  ["none of the values", { plan: "gold" }, ["data.plan"]],
  ["a pattern", { plan: "pro", folder: "ab" }, ["data.folder"]],
  ["too short", { plan: "pro", folder: "/" }, ["data.folder"]],
  ["too much", { plan: "pro", limit: 101 }, ["data.limit"]],
  ["no integer", { plan: "pro", limit: 1.5 }, ["data.limit"]],
  ["no multiple", { plan: "pro", ratio: 0.7 }, ["data.ratio"]],
  ["neither type", { plan: "pro", note: 1 }, ["data.note"]],
  ["no mail address", { plan: "pro", mail: "ada" }, ["data.mail"]],
  ["another constant", { plan: "pro", version: 3 }, ["data.version"]],
  ["inside of a list", { plan: "pro", tags: ["a", 1] }, ["data.tags.1"]],
  ["twice in a list", { plan: "pro", tags: ["a", "a"] }, ["data.tags.1"]],
  ["inside of an object", { plan: "pro", owner: {} }, ["data.owner.id"]],
  ["more in an object", { plan: "pro", owner: { id: 1, x: 2 } }, ["data.owner"]],
  ["none of the choices", { plan: "pro", either: true }, ["data.either"]],
  ["a property of any name", { plan: "pro", labels: { a: 1 } }, ["data.labels.a"]],
  ["too few properties", { plan: "pro", labels: {} }, ["data.labels"]],
])("data: %s", (_name, data, paths) => {
  const issues = checkGrantData(SETTINGS, data as Record<string, never>);
  expect(issues.map(({ path }) => path)).toEqual(paths);
  expect(JSON.stringify(issues)).not.toContain("gold");
});

test.each<[string, object, string]>([
  ["no type at the top", {}, "type"],
  ["a list at the top", { type: "array" }, "type"],
  ["an unknown type", { type: "object", properties: { a: { type: "text" } } }, "properties.a.type"],
  ["no type inside", { type: "object", properties: { a: { minLength: 3 } } }, "properties.a.type"],
  ["a keyword of another type", { type: "object", properties: { a: { type: "string", minimum: 1 } } }, "a.minimum"],
  ["an unknown keyword", { type: "object", requierd: ["a"] }, "requierd"],
  ["an unknown format", { type: "object", properties: { a: { type: "string", format: "phone" } } }, "a.format"],
  ["a keyword with a wrong value", { type: "object", required: "a" }, "required"],
  ["a broken pattern", { type: "object", properties: { a: { type: "string", pattern: "(" } } }, "a.pattern"],
  ["a keyword beside enum", { type: "object", properties: { a: { enum: ["x"], minLength: 3 } } }, "a.minLength"],
  ["an enum of another type", { type: "object", properties: { a: { type: "string", enum: [1] } } }, "a.enum"],
  ["an enum of objects", { type: "object", properties: { a: { enum: [{}] } } }, "a.enum"],
  ["an empty enum", { type: "object", properties: { a: { enum: [] } } }, "a.enum"],
  ["a default", { type: "object", properties: { a: { type: "string", default: "x" } } }, "a.default"],
  ["a reference", { type: "object", properties: { a: { $ref: "#/$defs/a" } } }, "a.type"],
  ["allOf", { type: "object", allOf: [{ type: "object" }] }, "allOf"],
  ["not", { type: "object", not: { type: "object" } }, "not"],
  ["if", { type: "object", if: { type: "object" } }, "if"],
  ["anyOf beside more", { type: "object", anyOf: [{ type: "object" }] }, "type"],
  ["a choice that is none", { type: "object", properties: { a: { anyOf: [] } } }, "a.anyOf"],
  ["a schema that is none", { type: "object", properties: { a: true } }, "properties.a"],
  ["items that are none", { type: "object", properties: { a: { type: "array", items: [] } } }, "a.items"],
  ["another draft", { type: "object", $schema: "http://json-schema.org/draft-07/schema#" }, "$schema"],
  [
    "a name that is none",
    JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}') as object,
    "__proto__",
  ],
])("a schema with %s is refused", (_name, schema, path) => {
  const issues = checkGrantSchema(schema as Record<string, unknown>);
  expect(issues.map((issue) => issue.path).join(" ")).toContain(path);
});

test("a schema that is endlessly deep is refused", () => {
  let schema: object = { type: "string" };
  for (let depth = 0; depth < 5_000; depth++) schema = { type: "object", properties: { a: schema } };
  expect(checkGrantSchema(schema as Record<string, unknown>)).toHaveLength(1);
});

test("without a schema any object is taken, up to a size", () => {
  expect(checkGrantData(null, { anything: [1, { deep: true }] })).toEqual([]);
  expect(checkGrantData(null, { text: "x".repeat(64 * 1024) })).toMatchObject([{ path: "data" }]);
});

test("a pattern that never ends is ended", () => {
  const schema = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };
  expect(checkGrantSchema(schema)).toEqual([]);
  expect(checkGrantData(schema, { a: `${"a".repeat(60)}b` })).toMatchObject([
    { path: "data", message: expect.stringContaining("too long") as string },
  ]);
});
