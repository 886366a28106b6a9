import { AlterValueError } from "./errors.ts";

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

interface BodySchema {
  safeParse(
    value: unknown,
  ): { readonly success: true } | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

/** Under these, names are the user's own and stay as they are. */
const OF_THE_USER: readonly PropertyKey[] = ["variables", "data"];

/**
 * Checks what is about to be sent by the wire's own schema. Throws AlterValueError that names the option as the SDK
 * spells it, and shows no value.
 */
export function checkBody<Body extends object>(schema: BodySchema, body: Body): Body {
  checkJson(body);
  const result = schema.safeParse(body);
  if (result.success) return body;
  const [issue] = result.error.issues;
  const path = optionPath(issue?.path ?? []);
  const what = issue?.message ?? "is not valid";
  throw new AlterValueError(path === "" ? `The options are not valid: ${what}.` : `Option "${path}": ${what}.`);
}

/** Data of the user's own is not in the schema, and may hold what JSON has no form for. */
function checkJson(body: object): void {
  for (const [name, value] of Object.entries(body)) {
    try {
      JSON.stringify(value);
    } catch {
      throw new AlterValueError(`Option "${camelCase(name)}" cannot be written as JSON: it holds a BigInt, or itself.`);
    }
  }
}

function optionPath(path: readonly PropertyKey[]): string {
  const [first] = path;
  const own = first !== undefined && OF_THE_USER.includes(first);
  return path.map((part) => (own ? String(part) : camelCase(String(part)))).join(".");
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
