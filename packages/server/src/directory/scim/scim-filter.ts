import { problem, type ScimProblem } from "./scim-answer.ts";

/** `userName eq "ada"`: the one kind of filter that provisioning needs. Attributes in lower case. */
export interface ScimFilter {
  readonly attribute: string;
  readonly value: string;
}

const EQUALS = /^\s*([A-Za-z][\w.:$-]*)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i;

/** Null: no filter was asked for. */
export function readFilter(
  text: string | null,
  attributes: readonly string[],
): { readonly ok: true; readonly filter: ScimFilter | null } | ScimProblem {
  if (text === null) return { ok: true, filter: null };
  const [, name = "", quoted = ""] = EQUALS.exec(text) ?? [];
  const attribute = attributes.find((one) => one.toLowerCase() === name.toLowerCase());
  const value = attribute === undefined ? undefined : parse(quoted);
  if (attribute === undefined || value === undefined) {
    const known = attributes.map((one) => `${one} eq "…"`).join(", ");
    return problem(400, `this filter is not supported; there are: ${known}`, "invalidFilter");
  }
  return { ok: true, filter: { attribute, value } };
}

function parse(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}
