import { ERROR_CODES, isErrorCode, type ErrorCode } from "@alter-vault/protocol";

/** Codes of errors that arise in the SDK itself. Everything the vault answers has a code of the vault's own table. */
export type LocalErrorCode =
  | "sdk_error"
  | "invalid_option"
  | "closed"
  | "context_unavailable"
  | "network_error"
  | "timeout"
  | "provider_error"
  | "approval_expired"
  | "approval_timeout";

export type SdkErrorCode = ErrorCode | LocalErrorCode;

export interface AlterErrorInit {
  readonly code?: SdkErrorCode | undefined;
  readonly retryable?: boolean | undefined;
  readonly requestId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** An error of the program's own code, where that is why. */
  readonly cause?: unknown;
}

/** Class names from the most special to the base. By this, not by identity, two copies of the SDK know each other's errors. */
const LINEAGE = Symbol.for("@alter-vault/sdk/error-lineage");

/**
 * The base of every error the SDK throws. Programs look at the class or at `code`, never at the message.
 *
 * `retryable` says that the very same call may succeed later without anybody acting. It does not say that the call had
 * no effect: before a retry of a call that changes something, ask whether doing it twice is harmless.
 */
export class AlterSDKError extends Error {
  static readonly errorName: string = "AlterSDKError";
  static readonly defaultCode: SdkErrorCode = "sdk_error";

  readonly code: SdkErrorCode;
  readonly retryable: boolean;
  /** The id of the call in the vault's audit log, where the vault was reached. */
  readonly requestId: string | undefined;
  /** What the vault said, as a plain object; empty for errors of the SDK itself. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, init: AlterErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code ?? new.target.defaultCode;
    this.retryable = init.retryable ?? isRetryable(this.code);
    this.requestId = init.requestId;
    this.details = init.details ?? {};
    hide(this, "name", new.target.errorName);
    hide(this, LINEAGE, lineage(new.target));
  }

  /** Like `instanceof`, which works as well, also for an error of another copy of this package. */
  static is<Class extends abstract new (...args: never[]) => AlterSDKError>(
    this: Class,
    error: unknown,
  ): error is InstanceType<Class> {
    return error instanceof this;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class derived by the user has no name of its own here and is told apart in the ordinary way.
    if (!Object.hasOwn(this, "errorName")) return Function.prototype[Symbol.hasInstance].call(this, value);
    return lineageOf(value).includes(this.errorName);
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries([["name", this.name], ["message", this.message], ...Object.entries(this)]);
  }
}

/** Sets a property that printing and serializing leave out. */
export function hide(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: false, writable: true, configurable: true });
}

function lineage(start: unknown): string[] {
  const names: string[] = [];
  let current: unknown = start;
  while (typeof current === "function" && current !== Error) {
    if (Object.hasOwn(current, "errorName")) names.push((current as typeof AlterSDKError).errorName);
    current = Object.getPrototypeOf(current);
  }
  return names;
}

function lineageOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const names: unknown = Reflect.get(value, LINEAGE);
  return Array.isArray(names) ? names : [];
}

function isRetryable(code: SdkErrorCode): boolean {
  if (isErrorCode(code)) return ERROR_CODES[code].retryable;
  return code === "network_error" || code === "timeout";
}
