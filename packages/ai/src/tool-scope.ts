import { currentGeneration, resolveIds, type ToolScope } from "@alter-vault/sdk";
import { isObject } from "./vault-output.ts";

/** What every version of the AI SDK hands to a tool, and to whoever decides whether it is executed. */
export interface ToolOptions {
  readonly toolCallId: string;
  readonly abortSignal?: AbortSignal | undefined;
  /** Version 7. */
  readonly context?: unknown;
  /** The same, where version 7 asks for an approval. */
  readonly toolContext?: unknown;
  /** Versions 5 and 6. */
  readonly experimental_context?: unknown;
}

/**
 * The ids of a tool call. The run id is the first there is of: `vault.runId` in the context of the call, that of the
 * enclosing `withContext()`, that of the generation. Where there is none, the vault's SDK makes a new one for the call.
 */
export function toolScope(options: ToolOptions): ToolScope {
  const { toolCallId, abortSignal, context, toolContext, experimental_context: olderContext } = options;
  const given = vaultOf(context) ?? vaultOf(toolContext) ?? vaultOf(olderContext) ?? {};
  const { runId, step, tool } = currentGeneration();
  return {
    framework: "ai-sdk",
    tool,
    ids: resolveIds({ explicit: given, framework: { toolCallId }, automatic: { runId } }),
    context: { step },
    signal: abortSignal,
  };
}

function vaultOf(context: unknown): { readonly runId?: unknown; readonly threadId?: unknown } | undefined {
  if (!isObject(context) || !isObject(context.vault)) return undefined;
  const { runId, threadId } = context.vault;
  return { runId, threadId };
}
