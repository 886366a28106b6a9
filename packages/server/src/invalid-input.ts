import type { ErrorCode } from "@alter-vault/protocol";
import type { Failure } from "./call.ts";

/** One thing that is wrong with the input: which field, and what it should be. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

const MOST_IN_DETAIL = 10;

/** Says everything that is wrong at once; the first few in words, too. */
export function invalid(code: ErrorCode, issues: readonly Issue[]): Failure {
  const words = issues.slice(0, MOST_IN_DETAIL).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const rest = issues.length - words.length;
  const detail = [...words, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
  return { ok: false, code, detail, details: { issues: [...issues] } };
}
