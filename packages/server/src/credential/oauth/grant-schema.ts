import { z } from "zod";

/**
 * The JSON Schema of the data that may be kept with grants of a provider: the part of draft 2020-12 that the vault really
 * checks. What it would not check is refused when the schema is configured, so that nobody relies on it.
 */
export interface SchemaIssue {
  /** Names joined by dots, as in `properties.plan`. */
  readonly path: string;
  readonly message: string;
}

type Schema = Readonly<Record<string, unknown>>;
type Report = (path: string, message: string) => void;

const TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;
type TypeName = (typeof TYPES)[number];

const count = z.number().int().min(0);
const FORMATS = ["email", "uri", "uuid", "date-time", "date", "time", "hostname", "ipv4", "ipv6"] as const;
const bounds = { minimum: z.number(), maximum: z.number(), exclusiveMinimum: z.number(), exclusiveMaximum: z.number() };
const number = { ...bounds, multipleOf: z.number().positive() };
const flag = z.boolean();

/** What each type takes beside its name. Keywords that hold further schemas are in {@link checkInner}. */
const KEYWORDS: Readonly<Record<TypeName, Readonly<Record<string, z.ZodType>>>> = {
  string: { minLength: count, maxLength: count, pattern: z.string().max(300), format: z.enum(FORMATS) },
  number,
  integer: number,
  boolean: {},
  null: {},
  array: { items: z.unknown(), minItems: count, maxItems: count, uniqueItems: flag },
  object: {
    properties: z.record(z.string(), z.unknown()),
    required: z.array(z.string()),
    additionalProperties: z.unknown(),
    minProperties: count,
    maxProperties: count,
  },
};
const NOTES = new Set(["title", "description", "examples", "$comment", "$schema"]);
const DRAFT = "https://json-schema.org/draft/2020-12/schema";
const DEEPEST = 20;

/** Everything that is wrong with a schema; nothing, when data can be checked by it. */
export function checkGrantSchema(schema: Schema): SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  const report: Report = (path, message) => void issues.push({ path, message });
  if (schema["type"] !== "object") report("type", 'must be "object": the data of a grant is one');
  if (schema["$schema"] !== undefined && schema["$schema"] !== DRAFT) report("$schema", `only ${DRAFT} is understood`);
  checkSchema(schema, [], report);
  return issues;
}

function checkSchema(schema: unknown, path: readonly string[], report: Report): void {
  const here = (...names: string[]): string => [...path, ...names].join(".");
  if (!isObject(schema)) return report(here(), "is not a schema (an object)");
  if (path.length > DEEPEST * 2) return report(here(), "is too deep");
  if ("anyOf" in schema) return checkChoice(schema, path, report);
  const types = [schema["type"]].flat();
  const known = types.filter((type): type is TypeName => TYPES.some((name) => name === type));
  const listed = "enum" in schema || "const" in schema;
  if (known.length !== types.length || (known.length === 0 && !listed)) {
    if (!listed || schema["type"] !== undefined) report(here("type"), `must be one of ${TYPES.join(", ")}`);
  }
  if (listed) return checkListed(schema, known, path, report);
  const allowed: Record<string, z.ZodType> = Object.assign({}, ...known.map((type) => KEYWORDS[type]));
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "type" || NOTES.has(keyword)) continue;
    const rule = Object.hasOwn(allowed, keyword) ? allowed[keyword] : undefined;
    if (!rule) report(here(keyword), `is not checked by the vault for ${known.join(" or ") || "this"}; leave it out`);
    else if (!rule.safeParse(value).success) report(here(keyword), "does not have the value this keyword takes");
    else if (keyword === "pattern" && !isPattern(String(value))) report(here(keyword), "is not a regular expression");
    else checkInner(keyword, value, [...path, keyword], report);
  }
}

/** The schemas inside of a keyword. */
function checkInner(keyword: string, value: unknown, path: readonly string[], report: Report): void {
  if (keyword === "items") checkSchema(value, path, report);
  if (keyword === "additionalProperties" && typeof value !== "boolean") checkSchema(value, path, report);
  if (keyword !== "properties" || !isObject(value)) return;
  for (const [name, property] of Object.entries(value)) {
    if (name === "__proto__") report([...path, name].join("."), "is not a name for a property");
    checkSchema(property, [...path, name], report);
  }
}

function checkChoice(schema: Schema, path: readonly string[], report: Report): void {
  const choices = schema["anyOf"];
  const beside = Object.keys(schema).filter((keyword) => keyword !== "anyOf" && !NOTES.has(keyword));
  for (const keyword of beside) report([...path, keyword].join("."), "cannot stand beside anyOf");
  if (!Array.isArray(choices) || choices.length === 0)
    return report([...path, "anyOf"].join("."), "is a list of schemas");
  for (const [index, choice] of choices.entries()) checkSchema(choice, [...path, "anyOf", String(index)], report);
}

/** `enum` and `const`, alone or with the type of their values. */
function checkListed(schema: Schema, types: readonly TypeName[], path: readonly string[], report: Report): void {
  const keyword = "enum" in schema ? "enum" : "const";
  const at = (name: string): string => [...path, name].join(".");
  for (const other of Object.keys(schema)) {
    if (other !== keyword && other !== "type" && !NOTES.has(other)) {
      report(at(other), `is not checked by the vault beside ${keyword}; leave it out`);
    }
  }
  const value = schema[keyword];
  const values: unknown[] = keyword === "const" ? [value] : Array.isArray(value) ? value : [];
  if (values.length === 0) report(at(keyword), "is a list of at least one value");
  for (const item of values) {
    const fits = SCALARS.filter((type) => types.length === 0 || types.includes(type)).some((type) => isOf(type, item));
    if (!fits) report(at(keyword), "takes texts, numbers, true, false and null, of the type that is named");
  }
}

const SCALARS = ["string", "number", "integer", "boolean", "null"] as const;

function isOf(type: (typeof SCALARS)[number], value: unknown): boolean {
  if (type === "null") return value === null;
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    // The only thing that can go wrong is the pattern itself, and that is the answer.
    return false;
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
