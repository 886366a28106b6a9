import { PolicyCases, PolicyDocument } from "@alter-vault/protocol";
import { isAlias, parseDocument, visit, type Document } from "yaml";
import type { z } from "zod";
import { checkPolicy, type PolicyIssue } from "./check-policy.ts";

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

const MOST_CHARACTERS = 8_000_000;

/** A policy from YAML or JSON, which is YAML, too. Everything that is wrong with it is said at once. */
export function readPolicy(text: string): Read<PolicyDocument> {
  const read = readYaml(text, PolicyDocument);
  if (!read.ok) return read;
  const issues = checkPolicy(read.value);
  return issues.length === 0 ? read : { ok: false, issues };
}

/** Cases of a policy from YAML or JSON. */
export function readCases(text: string): Read<PolicyCases> {
  return readYaml(text, PolicyCases);
}

function readYaml<T>(text: string, schema: z.ZodType<T>): Read<T> {
  if (text.length > MOST_CHARACTERS) return bad([{ path: "", message: "the text is too long" }]);
  const document = parseDocument(text, { strict: true, uniqueKeys: true, merge: false });
  if (document.errors.length > 0) {
    return bad(document.errors.map(({ message, linePos }) => ({ path: lineOf(linePos), message })));
  }
  // A few aliases of aliases stand for more than fits into memory.
  if (hasAlias(document)) return bad([{ path: "", message: "aliases (*name) cannot be used" }]);
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  return bad(parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message })));
}

function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Node(_key, node) {
      found ||= isAlias(node);
    },
  });
  return found;
}

function lineOf(positions: { line: number }[] | readonly { line: number }[] | undefined): string {
  return positions?.[0] ? `line ${positions[0].line}` : "";
}

function bad(issues: readonly PolicyIssue[]): { ok: false; issues: readonly PolicyIssue[] } {
  return { ok: false, issues };
}
