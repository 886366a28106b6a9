import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import { hasControl, headerNameIssue, headerValueIssue } from "./injectable-header.ts";
import { prepareParts } from "./overlay.ts";
import type { Issue, Prepared } from "./prepared.ts";
import { parseTemplate } from "./template.ts";

type Rule = Extract<InjectionRule, { kind: "custom" }>;
type Material = Extract<SecretMaterial, { kind: "custom" }>;
type Pair = [string, string];

/**
 * Any number of headers and query parameters, each from a template (see {@link parseTemplate}) over the fields of the
 * value. A template without a field is a constant that goes along, such as a version header. Every field must exist and
 * be used: a typo must not send a call half authenticated.
 */
export function prepareCustom(rule: Rule, { fields }: Material): Prepared {
  const issues: Issue[] = [];
  const used = new Set<string>();
  const secrets: string[] = Object.values(fields);

  const headers = Object.entries(rule.headers).map(([name, template]): Pair => {
    const path = `injection.headers.${name}`;
    report(path, headerNameIssue(name, { cookie: true }));
    const value = render(path, template);
    if (value !== null) report(path, headerValueIssue(value));
    return [name, value ?? ""];
  });
  const query = Object.entries(rule.query).map(([name, template]): Pair => {
    const path = `injection.query.${name}`;
    if (name === "" || hasControl(name) || !name.isWellFormed()) report(path, "is not a query parameter name");
    const value = render(path, template);
    if (value !== null && hasControl(value)) report(path, "holds a control character");
    return [name, value ?? ""];
  });

  const names = headers.map(([name]) => name.toLowerCase());
  names
    .filter((name, at) => names.indexOf(name) < at)
    .forEach((name) => report(`injection.headers.${name}`, "comes twice"));
  if (headers.length + query.length === 0) report("injection.headers", "has no header and no query parameter to set");
  if (Object.keys(fields).length === 0) report("value.fields", "has no field");
  for (const field of Object.keys(fields)) if (!used.has(field)) report(`value.fields.${field}`, "is in no template");
  return prepareParts(issues, { headers, query, secrets });

  function render(path: string, template: string): string | null {
    const parsed = parseTemplate(template);
    if (!parsed.ok) return report(path, parsed.message);
    let value = "";
    let holdsField = false;
    for (const part of parsed.parts) {
      if ("text" in part) {
        value += part.text;
        continue;
      }
      // Own fields only: "constructor" is a legal field name.
      const field = Object.hasOwn(fields, part.field) ? fields[part.field] : undefined;
      if (field === undefined) return report(path, `names the field "${part.field}", which the value does not have`);
      used.add(part.field);
      holdsField = true;
      value += field;
    }
    if (holdsField) secrets.push(value);
    return value;
  }

  function report(path: string, message: string | null): null {
    if (message !== null) issues.push({ path, message });
    return null;
  }
}
