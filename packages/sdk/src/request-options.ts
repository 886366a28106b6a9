import { encodeBody, encodeJson, type BodyInput } from "./body.ts";
import type { Call, Redirect } from "./call.ts";
import {
  checkText,
  joinSignals,
  resolveContext,
  selectCredential,
  type CallDefaults,
  type CredentialOptions,
} from "./call-defaults.ts";
import { currentContext, currentToolRun, type CallContext } from "./context.ts";
import { AlterValueError } from "./errors.ts";
import { forwardHeaders, type HeadersInput } from "./forward-headers.ts";
import { checkKnownNames } from "./known-names.ts";
import type { ParsedArguments } from "./request-arguments.ts";
import { encodeTarget } from "./target.ts";
import { countCall } from "./tool-run.ts";
import { checkUserToken, type UserToken } from "./user-token.ts";
import { targetParams, type PathParams, type QueryParams } from "./target-params.ts";
import { checkMode, checkTimeout, type Mode, type Settings } from "./vault-options.ts";

/** What a single call may be given, whatever way it is made. */
export interface CallOptions extends CallContext, CredentialOptions {
  /** Why the call is made, for the audit log. At most 1000 characters. */
  readonly reason?: string | undefined;
  /** Milliseconds until the headers of the answer must be there. Default: that of the AlterVault. */
  readonly timeout?: number | undefined;
  /** Default: that of the AlterVault. */
  readonly mode?: Mode | undefined;
  /**
   * The end user: their token, a vault session, or a function that gives one. Null: without an end user. Default: of
   * the view, of who signed in, of `userTokenGetter`, in this order.
   */
  readonly userToken?: UserToken | undefined;
}

export interface RequestOptions extends CallOptions {
  /** Sent as JSON, with the content type for it. Not together with `body`. */
  readonly json?: unknown;
  readonly body?: BodyInput | null | undefined;
  /** Added to the query the URL already has. */
  readonly queryParams?: QueryParams | undefined;
  /** Fill `{name}` in the URL. Each fills one path segment and cannot leave it. */
  readonly pathParams?: PathParams | undefined;
  readonly extraHeaders?: HeadersInput | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Default: `"follow"`; in retrieve mode `"manual"`. The credential never follows to another origin. */
  readonly redirect?: Redirect | undefined;
  /** Default: true. With false, an answer of 4xx or 5xx is returned like any other. */
  readonly throwOnProviderError?: boolean | undefined;
}

const CONTEXT_NAMES = ["runId", "threadId", "toolCallId", "context"];
const CREDENTIAL_NAMES = ["grantId", "connectionId", "provider", "account"];
export const CALL_OPTION_NAMES: readonly string[] = [
  ...CREDENTIAL_NAMES,
  ...CONTEXT_NAMES,
  "reason",
  "timeout",
  "mode",
  "userToken",
];

const KNOWN = [
  ...CALL_OPTION_NAMES,
  "json",
  "body",
  "queryParams",
  "pathParams",
  "extraHeaders",
  "signal",
  "redirect",
  "throwOnProviderError",
];
const HINTS = { headers: "extraHeaders", params: "queryParams", query: "queryParams", data: "body" };

/** The parts of a call that every way of making one shares. */
export type SharedCallParts = Pick<
  Call,
  "method" | "credential" | "caller" | "context" | "userToken" | "reason" | "mode" | "timeoutMs" | "count"
>;

export function sharedCallParts(
  settings: Settings,
  defaults: CallDefaults,
  options: CallOptions,
  newRunId: () => string,
  method: Call["method"],
): SharedCallParts {
  const credential = selectCredential(options) ?? defaults.credential;
  if (credential === undefined) {
    throw new AlterValueError('The call does not say which credential to use. Pass "grantId" or "provider".');
  }
  const context = resolveContext(currentContext(), defaults, options, newRunId);
  const mode = checkMode(options.mode) ?? settings.mode;
  return {
    method,
    credential,
    caller: defaults.caller,
    context,
    userToken: options.userToken === undefined ? defaults.userToken : checkUserToken("userToken", options.userToken),
    reason: options.reason === undefined ? undefined : checkText("reason", options.reason, 1000),
    mode,
    timeoutMs: checkTimeout(options.timeout) ?? settings.timeoutMs,
    count: mode === "proxy" ? () => countCall([defaults.toolRun, currentToolRun()], method, context) : undefined,
  };
}

/** A request() as a call. Throws AlterValueError for what is wrong with its options. */
export function requestToCall(
  { method, url, options }: ParsedArguments,
  settings: Settings,
  defaults: CallDefaults,
  newRunId: () => string,
): Call {
  checkKnownNames(options, KNOWN, HINTS);
  const { json, body } = options;
  if (json !== undefined && body !== undefined && body !== null) {
    throw new AlterValueError('Both "json" and "body" are given. Keep one.');
  }
  const shared = sharedCallParts(settings, defaults, options, newRunId, method);
  return {
    ...shared,
    target: encodeTarget(url),
    params: targetParams(options.pathParams, options.queryParams),
    headers: forwardHeaders(options.extraHeaders),
    body: jsonOrBody(json, body),
    redirect: checkRedirect(options.redirect) ?? (shared.mode === "retrieve" ? "manual" : "follow"),
    signal: joinSignals(defaults.signal, options.signal),
    throwOnProviderError: options.throwOnProviderError ?? true,
  };
}

export function checkRedirect(value: unknown): Redirect | undefined {
  if (value === undefined || value === "follow" || value === "manual" || value === "error") return value;
  throw new AlterValueError('Option "redirect" must be "follow", "manual" or "error".');
}

function jsonOrBody(json: unknown, body: BodyInput | null | undefined): Call["body"] {
  if (json === undefined) return () => encodeBody(body);
  const encoded = encodeJson(json);
  return () => Promise.resolve(encoded);
}
