import { pino } from "pino";

/**
 * The log of the process (not the audit log). A line can hold only what {@link LogFields} names: ids, codes and numbers.
 * There is no way to hand it a header, a body, a URL or an error object, so there is nothing to redact.
 */
export interface LogFields {
  readonly requestId?: string;
  readonly appId?: string;
  readonly keyId?: string;
  readonly action?: string;
  readonly code?: string;
  readonly status?: number;
  readonly count?: number;
  readonly durationMs?: number;
  readonly address?: string;
  readonly version?: string;
  readonly signal?: string;
  readonly worker?: number;
  /** Name and code of an error, never its message. */
  readonly error?: { readonly name: string; readonly code: string | null; readonly at: string | null };
}

export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** With the number of a worker, each line says it. */
export function createLogger(
  level: "debug" | "info" | "warn" | "error" | "silent",
  worker: number | null = null,
): Logger {
  // To stderr: stdout belongs to what a command answers.
  const log = pino({ level, base: worker === null ? null : { worker } }, pino.destination({ fd: 2, sync: true }));
  return {
    debug: (event, fields = {}) => log.debug(fields, event),
    info: (event, fields = {}) => log.info(fields, event),
    warn: (event, fields = {}) => log.warn(fields, event),
    error: (event, fields = {}) => log.error(fields, event),
  };
}

/** What of an error may be logged: its class, its code, and where in our own code it was thrown. */
export function describeError(error: unknown): NonNullable<LogFields["error"]> {
  if (!(error instanceof Error)) return { name: typeof error, code: null, at: null };
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  const at = /\n\s+at .*?((?:packages|dist|src)\/[^\s)]*)/.exec(error.stack ?? "")?.[1] ?? null;
  return { name: error.name, code, at };
}
