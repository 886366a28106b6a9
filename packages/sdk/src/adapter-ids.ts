/**
 * The ids and names an adapter takes out of its framework. They are claims, good for finding a call again; nothing is
 * allowed by them. What is too long for the wire is cut: a long id must not stop a call.
 */
import { currentContext } from "./context.ts";

/** Ids as a framework has them. What is neither text nor a number is no id. */
export interface IdSource {
  readonly runId?: unknown;
  readonly threadId?: unknown;
  readonly toolCallId?: unknown;
}

export interface ToolIds {
  /** Undefined where nobody has one: the SDK then makes one for the call. */
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly toolCallId: string | undefined;
  /** The tool call around this one, where a tool runs an agent that calls tools. */
  readonly parentToolCallId: string | undefined;
}

/**
 * The ids of a tool call: the first there is of what the program said to the framework for the vault (`explicit`), the
 * enclosing `withContext()`, the framework's own, and what the adapter made for this run (`automatic`).
 *
 * The id of a tool call is the innermost one: the framework's goes before that of the enclosing scope, which may be that
 * of a tool around it.
 */
export function resolveIds(sources: {
  readonly explicit?: IdSource | undefined;
  readonly framework?: IdSource | undefined;
  readonly automatic?: IdSource | undefined;
}): ToolIds {
  const { explicit = {}, framework = {}, automatic = {} } = sources;
  const ambient = currentContext();
  const toolCallId = contextText(explicit.toolCallId) ?? contextText(framework.toolCallId) ?? ambient["tool_call_id"];
  const outer = ambient["parent_tool_call_id"];
  return {
    runId:
      contextText(explicit.runId) ?? ambient["run_id"] ?? contextText(framework.runId) ?? contextText(automatic.runId),
    threadId:
      contextText(explicit.threadId) ??
      ambient["thread_id"] ??
      contextText(framework.threadId) ??
      contextText(automatic.threadId),
    toolCallId,
    parentToolCallId: ambient["tool_call_id"] === toolCallId ? outer : ambient["tool_call_id"],
  };
}

const MAX_VALUE_LENGTH = 512;

/** A value as a context may carry it, or undefined for one that says nothing. */
export function contextText(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_VALUE_LENGTH) : undefined;
}

/** Names and values of a framework as a context that the wire takes in any case. */
export function contextTexts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(values).flatMap(([name, value]) => {
    const text = contextText(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(entries);
}
