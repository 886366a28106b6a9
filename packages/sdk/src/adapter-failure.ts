/**
 * Failures in words that may be shown to a model or sent to a browser. They hold no stack, no query, no address of the
 * vault, and nothing a provider wrote.
 */
import { ERROR_CODES, isErrorCode } from "@alter-vault/protocol";
import type { ActionRequired } from "./adapter-action.ts";
import { AlterSDKError, type LocalErrorCode, type SdkErrorCode } from "./alter-sdk-error.ts";

/** A failure that was to be expected, in words that may be shown to a model or sent to a browser. */
export interface SafeFailure {
  readonly code: SdkErrorCode;
  readonly title: string;
  readonly message: string;
  /** What the developer can do, where the vault says it. */
  readonly fix?: string;
  /** The id of the call in the vault's audit log. */
  readonly requestId?: string;
  readonly retryable: boolean;
  /** The HTTP status that says the same. */
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

/** Mistakes of the program. Nobody who uses it can do anything about them, and its author must see them. */
const BUGS = ["invalid_option", "closed", "context_unavailable"] as const;

const LOCAL: Readonly<Record<Exclude<LocalErrorCode, (typeof BUGS)[number]>, TableEntry>> = {
  sdk_error: { status: 500, title: "The call failed" },
  network_error: { status: 502, title: "The vault or the provider cannot be reached" },
  timeout: { status: 504, title: "There was no answer in time" },
  provider_error: { status: 502, title: "The provider answered with an error" },
  approval_expired: { status: 403, title: "Nobody decided about the call in time" },
  approval_timeout: { status: 504, title: "Nobody has decided about the call yet" },
};

/**
 * The failure in safe words, or null for what is no failure to be expected: a wrong option, a closed vault, an abort,
 * and every error that is not one of the SDK. Those are to be thrown on as they are.
 */
export function describeFailure(error: unknown): SafeFailure | null {
  if (!(error instanceof AlterSDKError) || BUGS.some((code) => code === error.code)) return null;
  const { code, details, retryable, requestId } = error;
  const { status, title } = tableEntry(code);
  const { detail, fix, retry_after_seconds: retryAfter } = details;
  return {
    code,
    title,
    message: safeText(code === "provider_error" ? providerMessage(error) : detail, title),
    ...(typeof fix === "string" ? { fix: safeText(fix, title) } : {}),
    ...(requestId === undefined ? {} : { requestId }),
    retryable,
    status,
    ...(typeof retryAfter === "number" ? { retryAfterSeconds: retryAfter } : {}),
  };
}

/** What a model is told: what happened, what can be done about it, and where a person can do it. */
export interface ModelFailure {
  readonly error: SdkErrorCode;
  readonly message: string;
  readonly fix?: string;
  /** For a person to open. Works once. */
  readonly url?: string;
  readonly requestId?: string;
}

/** The failure as one short instruction. With an action, what to do is that. */
export function failureForModel(failure: SafeFailure, action: ActionRequired | null): ModelFailure {
  const { code, message, fix, requestId } = failure;
  const what = action === null ? fix : action.message;
  return {
    error: code,
    message,
    ...(what === undefined ? {} : { fix: what }),
    ...(action === null || action.url === null ? {} : { url: action.url }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

type TableEntry = Pick<SafeFailure, "status" | "title">;

/** An error of another copy of this package may have a code that is not known here. */
function tableEntry(code: string): TableEntry {
  if (isErrorCode(code)) return ERROR_CODES[code];
  return Object.entries(LOCAL).find(([name]) => name === code)?.[1] ?? LOCAL.sdk_error;
}

function providerMessage(error: object): string | undefined {
  return "statusCode" in error ? `The provider answered with status ${String(error.statusCode)}.` : undefined;
}

function safeText(text: unknown, fallback: string): string {
  const said = typeof text === "string" && text !== "" ? text : `${fallback}.`;
  return said.replaceAll(/(\bhttps?:\/\/[^\s"'?#]*)[?#][^\s"']*/gi, "$1").slice(0, 1000);
}
