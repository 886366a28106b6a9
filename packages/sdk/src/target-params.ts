import type { TargetParams } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";

type Scalar = string | number | boolean;

/** `undefined` and `null` leave the name out; a list repeats it. */
export type QueryParams = URLSearchParams | Readonly<Record<string, Scalar | readonly Scalar[] | null | undefined>>;

export type PathParams = Readonly<Record<string, string | number>>;

/** What fills the target. The vault does the filling, with strict encoding; here only the form is checked. */
export function targetParams(path: PathParams | undefined, query: QueryParams | undefined): TargetParams | undefined {
  const pathValues = path === undefined ? [] : Object.entries(path).map(pathEntry);
  const queryPairs = query === undefined ? [] : queryEntries(query);
  if (pathValues.length === 0 && queryPairs.length === 0) return undefined;
  return {
    ...(pathValues.length === 0 ? {} : { path: Object.fromEntries(pathValues) }),
    ...(queryPairs.length === 0 ? {} : { query: queryPairs }),
  };
}

function pathEntry([name, value]: [string, unknown]): [string, string] {
  if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value))) return [name, String(value)];
  throw new AlterValueError(`Option "pathParams": "${name}" must be a string or a number.`);
}

function queryEntries(query: QueryParams): [string, string][] {
  if (query instanceof URLSearchParams) return [...query];
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) pairs.push([name, scalarText(name, one)]);
  }
  return pairs;
}

function scalarText(name: string, value: unknown): string {
  const fits =
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
  if (fits) return String(value);
  throw new AlterValueError(`Option "queryParams": "${name}" must be a string, number, boolean, or a list of them.`);
}
