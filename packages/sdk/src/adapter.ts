/**
 * What every framework adapter does the same way: a tool call gets a vault of its own, whose calls carry the ids of the
 * framework, and its answer is read. Ids are in adapter-ids.ts, failures in words for models in adapter-failure.ts, what
 * somebody must do first in adapter-action.ts, traces in adapter-trace.ts.
 *
 * It trusts the adapter to say what the framework said. It refuses a request of a tool that names a credential: which
 * one is used is not the model's to say.
 */
import { contextTexts, type ToolIds } from "./adapter-ids.ts";
import { traceTool } from "./adapter-trace.ts";
import type { BodyInput } from "./body.ts";
import type { VaultCalls } from "./bound-vault.ts";
import { withinContext, type CallContext } from "./context.ts";
import { NetworkError } from "./errors.ts";
import type { HeadersInput } from "./forward-headers.ts";
import type { HttpMethod } from "./http-method.ts";
import { checkKnownNames } from "./known-names.ts";
import type { Preview } from "./preview.ts";
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

/** Where in a framework a tool is called. */
export interface ToolScope {
  readonly framework: string;
  readonly tool?: string | undefined;
  /** Of `resolveIds()`. */
  readonly ids: ToolIds;
  /** Anything else worth finding later. Values that are neither text nor a number are left out. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the function of a tool is handed beside its input. */
export interface ToolExecution {
  /** The vault of this tool call: its calls carry the ids, and end when the run is aborted. */
  readonly vault: VaultCalls;
  readonly signal: AbortSignal | undefined;
  readonly ids: ToolIds;
}

/**
 * Runs a tool with a vault of its own. Everything that is called below, also with another AlterVault, carries the same
 * ids. Rejects as `run` does.
 */
export async function runTool<Result>(
  vault: VaultCalls,
  scope: ToolScope,
  run: (execution: ToolExecution) => Promise<Result>,
): Promise<Result> {
  const { tool, ids, signal } = scope;
  return traceTool({ tool, ...ids }, (traceparent) =>
    withinContext(callContext(scope, traceparent), () =>
      run({ vault: scopedVault(vault, scope, traceparent), signal, ids }),
    ),
  );
}

/** A view whose calls say where in the framework they come from, and end when the run is aborted. */
function scopedVault(vault: VaultCalls, scope: ToolScope, traceparent?: string): VaultCalls {
  const { framework, signal } = scope;
  return vault.with({ ...callContext(scope, traceparent), framework, signal });
}

function callContext({ ids, tool, context }: ToolScope, traceparent: string | undefined): CallContext {
  const { parentToolCallId, ...own } = ids;
  const span = traceparent === undefined ? {} : { traceparent };
  return { ...own, context: contextTexts({ ...context, tool, parent_tool_call_id: parentToolCallId, ...span }) };
}

const REQUEST_NAMES = ["method", "url", "pathParams", "queryParams", "json", "body", "headers", "reason"];

/** Sends a tool's call. Rejects as `request()` does. */
export async function sendToolRequest(vault: VaultCalls, request: ToolRequest): Promise<Response> {
  const { method, url, ...options } = callOf(request);
  return vault.request(method, url, options);
}

/**
 * What the vault would say of a tool's call, with the ids it is going to carry. Makes no call; rejects as `preview()` does.
 */
export async function previewToolRequest(vault: VaultCalls, scope: ToolScope, request: ToolRequest): Promise<Preview> {
  const { method, url, ...options } = callOf(request);
  return scopedVault(vault, scope).preview(method, url, options);
}

function callOf(request: ToolRequest) {
  checkKnownNames(request, REQUEST_NAMES, { params: "queryParams", query: "queryParams", extraHeaders: "headers" });
  const { headers, ...rest } = request;
  return { ...rest, extraHeaders: headers };
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
