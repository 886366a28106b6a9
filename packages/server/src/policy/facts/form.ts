import type { BodyFacts } from "./body.ts";
import { decodeFormText } from "./query.ts";

type Tree = Map<string, Tree | string[]>;

/** `a[b][c]=x`, `a[]=x`. */
const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;
const DEEPEST = 20;

/**
 * A form as the value that frameworks make of it. A name that comes several times is an array, with brackets or without:
 * providers take the first, the last or all.
 */
export function readForm(text: string): BodyFacts {
  const root: Tree = new Map();
  for (const part of text.split("&")) {
    if (part === "") continue;
    const [rawName = "", ...rest] = part.split("=");
    const name = decodeFormText(rawName);
    const value = decodeFormText(rest.join("="));
    if (name === null || value === null) return { kind: "unreadable", why: "the form is not valid UTF-8" };
    const names = segmentsOf(name);
    if (!names || !put(root, names, value)) return { kind: "unreadable", why: "a name of the form cannot be read" };
  }
  return { kind: "fields", value: toValue(root) };
}

function segmentsOf(name: string): string[] | null {
  const [, first = "", brackets = ""] = NAME.exec(name) ?? [];
  if (first === "") return null;
  const inner = [...brackets.matchAll(/\[([^[\]]*)\]/g)].map(([, segment = ""]) => segment);
  if (inner.at(-1) === "") inner.pop();
  // `a[][b]`: whether the next one goes into the same element, everybody decides for himself.
  return inner.includes("") || inner.length > DEEPEST ? null : [first, ...inner].map((part) => part.normalize("NFC"));
}

/** False when a name has a value and names below it. */
function put(root: Tree, names: readonly string[], value: string): boolean {
  let tree = root;
  for (const [index, name] of names.entries()) {
    const known = tree.get(name);
    if (index === names.length - 1) {
      if (known instanceof Map) return false;
      if (known) known.push(value);
      else tree.set(name, [value]);
      return true;
    }
    if (Array.isArray(known)) return false;
    const next: Tree = known ?? new Map();
    tree.set(name, next);
    tree = next;
  }
  return false;
}

function toValue(tree: Tree): object {
  const value = Object.create(null) as Record<string, unknown>;
  for (const [name, inner] of tree) {
    value[name] = inner instanceof Map ? toValue(inner) : inner.length === 1 ? inner[0] : inner;
  }
  return value;
}
