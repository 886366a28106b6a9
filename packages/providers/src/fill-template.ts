import { checkVariable, type VariableOptions } from "./check-variable.ts";
import type { Variable } from "./schema/variable.ts";

/** The names in braces, in order. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? "");
}

export type Filled =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly code: "missing" | "invalid" | "undeclared";
      readonly variable: string;
      readonly detail: string;
    };

/**
 * Puts values into a URL (or host) template of an entry. A value that {@link checkVariable} does not accept fails it, so
 * the host of the outcome is always the one the entry describes. `clientId` fills `{client_id}`, percent-encoded.
 *
 * @example fillTemplate("https://{shop}.myshopify.com/admin", provider.variables, { shop: "ada" })
 */
export function fillTemplate(
  template: string,
  variables: Readonly<Record<string, Variable>>,
  values: Readonly<Record<string, string | undefined>>,
  clientId?: string,
  options: VariableOptions = {},
): Filled {
  let text = template;
  for (const name of new Set(placeholdersOf(template))) {
    const filled = valueOf(name, variables, values, clientId, options);
    if (!filled.ok) return filled;
    text = text.replaceAll(`{${name}}`, () => filled.text);
  }
  return { ok: true, text };
}

function valueOf(
  name: string,
  variables: Readonly<Record<string, Variable>>,
  values: Readonly<Record<string, string | undefined>>,
  clientId: string | undefined,
  options: VariableOptions,
): Filled {
  if (name === "client_id" && clientId !== undefined) {
    // Dots are not encoded, and would walk up the path.
    if (/^\.*$/.test(clientId)) return { ok: false, code: "invalid", variable: name, detail: "is not a client id" };
    return { ok: true, text: encodeURIComponent(clientId) };
  }
  const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (!variable) return { ok: false, code: "undeclared", variable: name, detail: `{${name}} is not a variable` };
  const value = (Object.hasOwn(values, name) ? values[name] : undefined) ?? variable.default;
  if (value === undefined)
    return { ok: false, code: "missing", variable: name, detail: `${variable.label} is missing` };
  const checked = checkVariable(variable, value, options);
  if (checked.ok) return { ok: true, text: checked.value };
  return { ok: false, code: "invalid", variable: name, detail: `${variable.label} ${checked.detail}` };
}
