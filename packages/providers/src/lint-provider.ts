import { LineCounter, parseDocument, type Document } from "yaml";
import { checkApi } from "./lint/api.ts";
import { checkFixtures } from "./lint/fixtures.ts";
import { checkFlow } from "./lint/flow.ts";
import type { Check, Issue } from "./lint/issue.ts";
import { checkUrls } from "./lint/urls.ts";
import { checkVariables } from "./lint/variables.ts";
import { Provider } from "./schema.ts";

export type LintResult =
  | { readonly ok: true; readonly provider: Provider }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const CHECKS: readonly Check[] = [checkVariables, checkUrls, checkApi, checkFlow, checkFixtures];

/** Longer files are refused before they are parsed. */
export const MAX_FILE_LENGTH = 256 * 1024;

/**
 * Reads one entry and says everything that is wrong with it at once: YAML (or JSON), schema, then meaning. For the
 * files of the catalogue and for users' own; a file that passes can be used as it is.
 */
export function lintProvider(text: string): LintResult {
  if (text.length > MAX_FILE_LENGTH) return failed("size", "", "longer than 256 kB", "describe one provider per file");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", merge: false, uniqueKeys: true });
  if (document.errors.length > 0 || document.warnings.length > 0) {
    const issues = [...document.errors, ...document.warnings].map((error) => ({
      rule: "yaml",
      path: "",
      message: error.message.split("\n")[0] ?? "not YAML",
      fix: "correct the YAML",
      line: lines.linePos(error.pos[0]).line,
    }));
    return { ok: false, issues };
  }
  const value = plain(document);
  if (!value.ok) return failed("yaml", "", value.detail, "write aliases out");
  const parsed = Provider.safeParse(value.value);
  const issues = parsed.success ? check(parsed.data) : parsed.error.issues.map(schemaIssue);
  if (parsed.success && issues.length === 0) return { ok: true, provider: parsed.data };
  return { ok: false, issues: issues.map((issue) => withLine(issue, document, lines)) };
}

/** The rules of meaning, on an entry that fits the schema. */
function check(provider: Provider): Issue[] {
  const issues: Issue[] = [];
  for (const run of CHECKS) run(provider, (rule, path, message, fix) => void issues.push({ rule, path, message, fix }));
  return issues;
}

function schemaIssue(issue: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code: string;
}): Issue {
  const path = issue.path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const fix =
    issue.code === "unrecognized_keys" ? "remove it, or correct its name" : "see CONTRIBUTING.md for the field";
  return { rule: "schema", path, message: issue.message, fix };
}

function plain(document: Document): { ok: true; value: unknown } | { ok: false; detail: string } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { ok: true, value };
  } catch (error) {
    // Too many aliases ("billion laughs"), or one that leads nowhere.
    return { ok: false, detail: error instanceof Error ? error.message : "cannot be read" };
  }
}

/** The line of the place, or of the nearest thing around it that exists. */
function withLine(issue: Issue, document: Document, lines: LineCounter): Issue {
  const keys = issue.path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  for (let length = keys.length; length > 0; length--) {
    const node: unknown = document.getIn(keys.slice(0, length), true);
    const start = startOf(node);
    if (start !== undefined) return { ...issue, line: lines.linePos(start).line };
  }
  return issue;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === "number" ? start : undefined;
}

function failed(rule: string, path: string, message: string, fix: string): LintResult {
  return { ok: false, issues: [{ rule, path, message, fix }] };
}
