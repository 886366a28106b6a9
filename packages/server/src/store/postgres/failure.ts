import { StorageUnavailable } from "../store.ts";

/**
 * Whose fault an error is. A broken constraint, a value of the wrong form or a statement that is not SQL is ours, and a
 * bug; anything else is the database's: gone, full, slow, for reading only, shutting down, changed by others.
 */
export function ofStorage(error: unknown): unknown {
  const code = codeOf(error);
  if (isSqlState(code) && !IS_NOT_OURS.has(code) && /^(22|23|42)/.test(code)) return error;
  // Never the message: it may name values.
  return new StorageUnavailable(`PostgreSQL failed with ${code ?? "no answer"}`, { cause: error });
}

/** Not allowed; a table or a column that was there: a newer program has taken it away. */
const IS_NOT_OURS: ReadonlySet<string> = new Set(["42501", "42P01", "42703"]);

/** Whether the connection has to go, because it is broken or leads to a server that is not the right one any more. */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof StorageUnavailable)) return false;
  const code = codeOf(error.cause);
  return !isSqlState(code) || /^(08|57P|25006|53|58|XX)/.test(code);
}

/** The server is a standby, or has been told to write nothing; the one that may write can be behind the same address. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof StorageUnavailable && codeOf(error.cause) === READ_ONLY;
}

const READ_ONLY = "25006";

/** Somebody else had what was to be locked for as long as it was waited for. */
export function isLockedOut(error: unknown): boolean {
  return error instanceof StorageUnavailable && codeOf(error.cause) === "55P03";
}

/** A statement was prepared before another program changed its table, and the answer would have another form now. */
export function isStalePlan(error: unknown): boolean {
  return error instanceof StorageUnavailable && codeOf(error.cause) === "0A000";
}

/** The two ways a pooler in transaction mode shows that it does not keep prepared statements. */
export function lacksPrepared(error: unknown): boolean {
  const code = error instanceof StorageUnavailable ? codeOf(error.cause) : codeOf(error);
  return code === "26000" || code === "42P05";
}

export const UNIQUE = "23505";

export function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

function isSqlState(code: string | undefined): code is string {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code);
}
