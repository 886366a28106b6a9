import { UUID_PATTERN, type Caller, type Context } from "@alter-vault/protocol";
import type { CredentialSelector } from "./call.ts";
import type { CallerOptions } from "./caller.ts";
import { refineCaller } from "./caller.ts";
import { contextToWire, currentToolRun, mergeContext, type CallContext } from "./context.ts";
import { AlterValueError } from "./errors.ts";
import { startToolRun, type ToolRun } from "./tool-run.ts";
import { checkUserToken, type UserToken } from "./user-token.ts";

/** Which credential a call uses. Exactly one of grant and provider. */
export interface CredentialOptions {
  readonly grantId?: string | undefined;
  /** The older name of `grantId`. */
  readonly connectionId?: string | undefined;
  /** A provider id, such as `Provider.GITHUB` or the `provider` of a managed secret. */
  readonly provider?: string | undefined;
  /** Says which one, where several accounts of the provider are connected. */
  readonly account?: string | undefined;
}

/** What a bound view adds to each of its calls. What a call itself is given wins. */
export interface ViewDefaults extends CredentialOptions, CallContext {
  readonly caller?: string | CallerOptions | undefined;
  /** Short for `caller: { framework }`. */
  readonly framework?: string | undefined;
  /** The end user of every call of the view. */
  readonly userToken?: UserToken | undefined;
  /** Aborts every call of the view; a call's own signal works beside it. */
  readonly signal?: AbortSignal | undefined;
}

/** The same, checked. */
export interface CallDefaults {
  readonly credential: CredentialSelector | undefined;
  readonly context: Context;
  readonly caller: Caller;
  readonly userToken: UserToken | undefined;
  readonly signal: AbortSignal | undefined;
  /** Of a view that was made for one tool call. */
  readonly toolRun?: ToolRun | undefined;
}

export function refineDefaults(base: CallDefaults, view: ViewDefaults): CallDefaults {
  return {
    credential: selectCredential(view) ?? base.credential,
    context: { ...base.context, ...contextToWire(view) },
    caller: refineCaller(base.caller, view.caller, view.framework),
    userToken: view.userToken === undefined ? base.userToken : checkUserToken("userToken", view.userToken),
    signal: joinSignals(base.signal, view.signal),
    toolRun: view.toolCallId === undefined ? base.toolRun : toolRunOf(view.toolCallId),
  };
}

/** A view inside of the scope of the same tool call counts together with it. */
function toolRunOf(toolCallId: string): ToolRun {
  const ambient = currentToolRun();
  return ambient?.toolCallId === toolCallId ? ambient : startToolRun(toolCallId);
}

/** The context of a call: ambient, then the view's, then its own, and a new run id when none of them has one. */
export function resolveContext(
  ambient: Context,
  defaults: CallDefaults,
  own: CallContext,
  newRunId: () => string,
): Context {
  return mergeContext([ambient, defaults.context, contextToWire(own)], newRunId);
}

/** The credential the options name, or undefined when they name none. Naming two is refused. */
export function selectCredential(options: CredentialOptions): CredentialSelector | undefined {
  const { grantId, connectionId, provider, account } = options;
  if (grantId !== undefined && connectionId !== undefined && grantId !== connectionId) {
    throw new AlterValueError('"grantId" and "connectionId" are two names of one thing and differ. Keep "grantId".');
  }
  const grant = grantId ?? connectionId;
  if (grant !== undefined && provider !== undefined) {
    throw new AlterValueError(
      'Both "grantId" and "provider" are given. A grant already says its provider: keep "grantId".',
    );
  }
  if (account !== undefined) checkText("account", account, 320);
  if (grant !== undefined) return { grantId: checkGrantId(grant), account };
  if (provider !== undefined) return { provider: checkProvider(provider), account };
  if (account !== undefined) throw new AlterValueError('"account" needs a "provider" beside it.');
  return undefined;
}

/** A grant id as the wire has it. */
export function checkGrantId(value: unknown): string {
  const id = typeof value === "string" ? value.toLowerCase() : "";
  if (UUID_PATTERN.test(id)) return id;
  throw new AlterValueError(
    '"grantId" must be the UUID of a grant. To use whichever grant of a provider fits, pass { provider } instead.',
  );
}

export function checkText(name: string, value: unknown, limit: number): string {
  if (typeof value === "string" && value !== "" && value.length <= limit) return value;
  throw new AlterValueError(`Option "${name}" must be a text of 1 to ${limit} characters.`);
}

export function joinSignals(...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined && signal !== null);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function checkProvider(value: unknown): string {
  if (typeof value === "string" && /^[\x21-\x7e]{1,100}$/.test(value)) return value;
  throw new AlterValueError('Option "provider" must be a provider id, such as "github".');
}
