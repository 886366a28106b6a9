import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { lintProvider } from "./lint-provider.ts";
import type { Provider } from "./schema.ts";

/** The annotated example of CONTRIBUTING.md: what people copy is what the tests are made of. */
export const ACME_TEXT: string = exampleOf(readFileSync(new URL("../CONTRIBUTING.md", import.meta.url), "utf8"));

function exampleOf(guide: string): string {
  const text = /```yaml\n([^]*?)```/.exec(guide)?.[1];
  if (text === undefined) throw new Error("CONTRIBUTING.md holds no example");
  return text;
}

/** The example with the value at a JSON Pointer replaced; `undefined` removes it. */
export function acmeWith(changes: Readonly<Record<string, unknown>>): string {
  const entry = parse(ACME_TEXT) as Record<string, unknown>;
  for (const [pointer, value] of Object.entries(changes)) {
    const keys = pointer.split("/").slice(1);
    const last = keys.pop() ?? "";
    let target = entry;
    for (const key of keys) target = (target[key] ??= {}) as Record<string, unknown>;
    if (value === undefined) delete target[last];
    else target[last] = value;
  }
  return stringify(entry);
}

/** The example as the loader gives it. */
export function acme(changes: Readonly<Record<string, unknown>> = {}): Provider {
  const result = lintProvider(acmeWith(changes));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.provider;
}
