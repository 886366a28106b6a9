import type { Context } from "@alter-vault/protocol";

/**
 * One run of a tool call. Its calls that change something are counted, so that the vault knows them again when a
 * framework runs the tool call once more: after a pause, a crash, or a failure that it retries.
 */
export interface ToolRun {
  readonly toolCallId: string;
  next(): number;
}

export function startToolRun(toolCallId: string): ToolRun {
  let made = 0;
  return { toolCallId, next: () => made++ };
}

/** What these do can be done again without harm. */
const REPEATABLE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The place of a call in its run, which is the first of `runs` that is of the call's own tool call. Undefined for what
 * need not be remembered or cannot be: without a thread an id of a tool call says nothing.
 */
export function countCall(
  runs: readonly (ToolRun | undefined)[],
  method: string,
  context: Context,
): number | undefined {
  const { thread_id: threadId, tool_call_id: toolCallId } = context;
  if (REPEATABLE.has(method) || !threadId || !toolCallId) return undefined;
  return runs.find((run) => run?.toolCallId === toolCallId)?.next();
}
