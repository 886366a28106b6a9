import type { Context } from "@alter-vault/protocol";
import { AlterSDKError } from "./alter-sdk-error.ts";
import { startToolRun, type ToolRun } from "./tool-run.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { nodeModules } from "./node-modules.ts";

/**
 * Where in a framework a call comes from. It goes into the audit log with each call, as a claim of the caller: nothing
 * is ever allowed because of it.
 */
export interface CallContext {
  /** Default: a new UUID for each call. */
  readonly runId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly toolCallId?: string | undefined;
  /** Anything else worth finding later. Names are snake_case, values text of at most 512 characters, 32 names in all. */
  readonly context?: Readonly<Record<string, string>> | undefined;
}

const NAMES = ["runId", "threadId", "toolCallId", "context"];
const MAX_NAMES = 32;
const MAX_VALUE_LENGTH = 512;

interface Ambient {
  readonly context: Context;
  /** Of the innermost scope that names a tool call. */
  readonly toolRun: ToolRun | undefined;
}

interface Scope {
  run<Result>(store: Ambient, body: () => Result): Result;
  getStore(): Ambient | undefined;
}

/**
 * Runs `body` with a context that every call made inside it carries, however deep, also after `await`. Scopes nest: the
 * inner one adds to the outer one and wins where both name something. What a call itself is given wins over both.
 *
 * A scope with a `toolCallId` is one run of that tool call: run it again, and the calls in it that change something are
 * not made twice (see the README).
 *
 * Throws AlterSDKError `context_unavailable` where the platform has no AsyncLocalStorage.
 */
export function withContext<Result>(context: CallContext, body: () => Result): Result {
  checkKnownNames(context, NAMES);
  const scope = ambientScope();
  if (scope === undefined) {
    throw new AlterSDKError(
      "withContext() needs AsyncLocalStorage of node:async_hooks, which this platform does not have. Pass runId, threadId and toolCallId with each call, or bind them with vault.with().",
      { code: "context_unavailable" },
    );
  }
  return enter(scope, context, body);
}

/** The same, where the context is good to have: without AsyncLocalStorage `body` runs as it is. */
export function withinContext<Result>(context: CallContext, body: () => Result): Result {
  const scope = ambientScope();
  return scope === undefined ? body() : enter(scope, context, body);
}

function enter<Result>(scope: Scope, given: CallContext, body: () => Result): Result {
  const outer = scope.getStore();
  const context = { ...outer?.context, ...contextToWire(given) };
  const toolRun = given.toolCallId === undefined ? outer?.toolRun : startToolRun(given.toolCallId);
  return scope.run({ context, toolRun }, body);
}

/** The context of the enclosing withContext(), as the wire names it (`run_id`, …). Empty outside of one. */
export function currentContext(): Context {
  return { ...ambientScope()?.getStore()?.context };
}

/** The run of a tool call that the enclosing withContext() is. */
export function currentToolRun(): ToolRun | undefined {
  return ambientScope()?.getStore()?.toolRun;
}

/** Checks a context and writes it as the wire names it. */
export function contextToWire({ context = {}, runId, threadId, toolCallId }: CallContext): Context {
  if (typeof context !== "object" || context === null) {
    throw new AlterValueError('Option "context" must be an object of texts, for example { step: "plan" }.');
  }
  const ids = Object.entries({ run_id: runId, thread_id: threadId, tool_call_id: toolCallId });
  const wire: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(context), ...ids]) {
    if (value === undefined) continue;
    checkEntry(name, value);
    wire[name] = value;
  }
  return wire;
}

/** Layers of context, the last one winning, with a run id in any case. */
export function mergeContext(layers: readonly Context[], newRunId: () => string): Context {
  const merged: Record<string, string> = Object.assign({}, ...layers);
  merged["run_id"] ??= newRunId();
  if (Object.keys(merged).length > MAX_NAMES) {
    throw new AlterValueError(`The context has more than ${MAX_NAMES} names. Pass fewer.`);
  }
  return merged;
}

function checkEntry(name: string, value: unknown): void {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) {
    throw new AlterValueError(
      `The context has a name that is not snake_case of at most 64 characters: "${name.slice(0, 80)}".`,
    );
  }
  if (typeof value !== "string" || value.length > MAX_VALUE_LENGTH) {
    throw new AlterValueError(`The context's "${name}" must be a text of at most ${MAX_VALUE_LENGTH} characters.`);
  }
}

/** One scope for the whole process, so that two copies of this package see the same context. */
const SCOPE = Symbol.for("@alter-vault/sdk/context-scope");

function ambientScope(): Scope | undefined {
  const holder = globalThis as { [SCOPE]?: Scope };
  if (holder[SCOPE] !== undefined) return holder[SCOPE];
  const asyncHooks = nodeModules()?.("node:async_hooks");
  if (asyncHooks === undefined) return undefined;
  const scope: Scope = new asyncHooks.AsyncLocalStorage<Ambient>();
  Object.defineProperty(globalThis, SCOPE, { value: scope, enumerable: false, configurable: true });
  return scope;
}
