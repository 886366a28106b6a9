/**
 * What every framework adapter does the same way: one call for one tool call, its answer read, and a failure put into
 * words. Those words go to models and to the web, so they hold no stack, no query, no address of the vault, and nothing
 * a provider wrote. Ids and names from a framework are cut to what the wire takes: a long one must not stop a call.
 */
import { ERROR_CODES, isErrorCode } from "@alter-vault/protocol";
import { AlterSDKError, type LocalErrorCode, type SdkErrorCode } from "./alter-sdk-error.ts";
import type { BodyInput } from "./body.ts";
import type { VaultCalls } from "./bound-vault.ts";
import { NetworkError } from "./errors.ts";
import type { HeadersInput } from "./forward-headers.ts";
import type { HttpMethod } from "./http-method.ts";
import { checkKnownNames } from "./known-names.ts";
import type { PathParams, QueryParams } from "./target-params.ts";

/** The call a tool makes of its input. Which credential it uses is not the input's to say. */
export interface ToolRequest {
  readonly method: HttpMethod;
  /** May hold `{name}` templates, which `pathParams` fill. Put what a model wrote there, never into the URL itself. */
  readonly url: string | URL;
  readonly pathParams?: PathParams | undefined;
  readonly queryParams?: QueryParams | undefined;
  readonly json?: unknown;
  readonly body?: BodyInput | null | undefined;
  readonly headers?: HeadersInput | undefined;
  /** Why the call is made, for the audit log. At most 1000 characters. */
  readonly reason?: string | undefined;
}

/** Where in a framework the call comes from. Values that are neither text nor a number are left out. */
export interface ToolScope {
  readonly framework: string;
  /** Default: a new UUID. */
  readonly runId?: unknown;
  readonly threadId?: unknown;
  readonly toolCallId?: unknown;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const REQUEST_NAMES = ["method", "url", "pathParams", "queryParams", "json", "body", "headers", "reason"];

/** Sends a tool's call. Rejects as `request()` does. */
export async function sendToolRequest(vault: VaultCalls, request: ToolRequest, scope: ToolScope): Promise<Response> {
  checkKnownNames(request, REQUEST_NAMES, { params: "queryParams", query: "queryParams", extraHeaders: "headers" });
  const { method, url, headers, ...rest } = request;
  const view = vault.with({ framework: scope.framework, ...adapterContext(scope), signal: scope.signal });
  return view.request(method, url, { ...rest, extraHeaders: headers });
}

type AdapterContext = Readonly<Record<"runId" | "threadId" | "toolCallId", string | undefined>> & {
  readonly context: Readonly<Record<string, string>>;
};

/** Ids and names of a framework as a context that the wire takes in any case. */
export function adapterContext({
  runId,
  threadId,
  toolCallId,
  context = {},
}: Omit<ToolScope, "framework">): AdapterContext {
  const entries = Object.entries(context).flatMap(([name, value]) => {
    const text = contextText(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    runId: contextText(runId),
    threadId: contextText(threadId),
    toolCallId: contextText(toolCallId),
    context: Object.fromEntries(entries),
  };
}

const MAX_VALUE_LENGTH = 512;

/** A value as a context may carry it, or undefined for one that says nothing. */
export function contextText(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_VALUE_LENGTH) : undefined;
}

/** The provider's answer as a value: JSON where it is JSON, null where there is none, and text otherwise. */
export async function readToolAnswer(response: Response): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    // This is how fetch says that the connection broke. An abort has its own reason, which stays.
    throw error instanceof TypeError ? new NetworkError("The provider's answer broke off.") : error;
  });
  if (text === "") return null;
  if (!/^[^;]*[/+]json\b/i.test(response.headers.get("content-type") ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

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
