import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import { hasControl, headerNameIssue, headerValueIssue } from "./injectable-header.ts";
import { prepareParts } from "./overlay.ts";
import type { Issue, Prepared } from "./prepared.ts";

type Rule = Extract<InjectionRule, { kind: "api-key" }>;
type Material = Extract<SecretMaterial, { kind: "api-key" }>;

/** One key in one header, with an optional word in front (`Authorization: Token abc`), or in one query parameter. */
export function prepareApiKey(rule: Rule, { key }: Material): Prepared {
  return rule.in === "header" ? inHeader(rule, key) : inQuery(rule, key);
}

function inHeader({ name, prefix }: Rule, key: string): Prepared {
  const issues: Issue[] = [];
  const ofName = headerNameIssue(name, { cookie: false });
  if (ofName !== null) issues.push({ path: "injection.name", message: ofName });
  const ofPrefix = prefix === undefined ? null : headerValueIssue(prefix);
  if (ofPrefix !== null) issues.push({ path: "injection.prefix", message: ofPrefix });
  const ofKey = headerValueIssue(key);
  if (ofKey !== null) issues.push({ path: "value.key", message: ofKey });
  return prepareParts(issues, { headers: [[name, prefix === undefined ? key : `${prefix} ${key}`]], secrets: [key] });
}

function inQuery({ name, prefix }: Rule, key: string): Prepared {
  const issues: Issue[] = [];
  if (name === "" || hasControl(name) || !name.isWellFormed()) {
    issues.push({ path: "injection.name", message: "is not a query parameter name" });
  }
  if (prefix !== undefined) issues.push({ path: "injection.prefix", message: "is for headers only" });
  const ofKey = headerValueIssue(key);
  if (ofKey !== null) issues.push({ path: "value.key", message: ofKey });
  return prepareParts(issues, { query: [[name, key]], secrets: [key] });
}
