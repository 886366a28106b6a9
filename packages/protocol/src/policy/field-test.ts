import { z } from "zod";

const scalar = z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]);
const text = z.string().min(1).max(1000);
/** Beyond, a JSON number is not the number that was written. */
const bound = z
  .number()
  .refine((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER, "is beyond what a JSON number holds exactly");

const COMPARISONS = [
  "exists",
  "type",
  "equals",
  "one_of",
  "starts_with",
  "ends_with",
  "contains",
  "greater_than",
  "at_least",
  "less_than",
  "at_most",
] as const;

export const FIELD_TYPES = ["string", "number", "boolean", "null", "array", "object"] as const;

/**
 * One comparison of a value. A number and the text of that number are equal, since providers take both. A field that is
 * not there compares as no, except for `exists: false`. A value that cannot be compared (an object with `greater_than`)
 * is an error, and an error denies.
 */
const comparisons = {
  exists: z.boolean().optional(),
  type: z.enum(FIELD_TYPES).optional(),
  equals: scalar.optional(),
  one_of: z.array(scalar).min(1).max(200).optional(),
  starts_with: text.optional(),
  ends_with: text.optional(),
  contains: text.optional(),
  greater_than: bound.optional(),
  at_least: bound.optional(),
  less_than: bound.optional(),
  at_most: bound.optional(),
  /** Turns the comparison of each value around. A missing field still compares as no. */
  not: z.boolean().default(false),
  /** Of several values: whether one must compare, or all. No value at all: no for `any`, yes for `all`. */
  match: z.enum(["any", "all"]).default("any"),
  ignore_case: z.boolean().default(false),
};

const one = (value: object): boolean =>
  COMPARISONS.filter((name) => (value as Record<string, unknown>)[name] !== undefined).length === 1;
const ONE = `exactly one of ${COMPARISONS.join(", ")}`;

/** JSON pointer (RFC 6901). A segment `*` is each element of an array; a value that is no array is its own element. */
const pointer = z
  .string()
  .max(300)
  .regex(/^(?:\/(?:[^/~]|~[01])*)+$/, "is a JSON pointer, like /amount or /to/*/address");

/** A field of a JSON body, or of a form: there `/a/b` is the name `a[b]`. */
export const BodyTest = z.strictObject({ field: pointer, ...comparisons }).refine(one, ONE);
export type BodyTest = z.infer<typeof BodyTest>;

/** A parameter of the query. One that comes several times has several values. */
export const QueryTest = z.strictObject({ name: z.string().min(1).max(200), ...comparisons }).refine(one, ONE);
export type QueryTest = z.infer<typeof QueryTest>;
