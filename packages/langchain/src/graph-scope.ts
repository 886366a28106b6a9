import { contextText, resolveIds, type ToolScope } from "@alter-vault/sdk";
import type { CallbackManagerForToolRun } from "@langchain/core/callbacks/manager";
import type { ToolRunnableConfig } from "@langchain/core/tools";

/** What LangGraph adds to the config of a tool and of a node; core's own types do not know it. */
export type GraphConfig = ToolRunnableConfig & {
  readonly toolCallId?: unknown;
  readonly control?: unknown;
  readonly writer?: unknown;
  readonly interrupt?: unknown;
};

/** One id for each run of a graph, by an object that LangGraph makes once for each run. */
const perGraphRun = new WeakMap<object, string>();

/**
 * The ids of a tool call. The run id is the first there is of: `configurable.vault_run_id`, that of the enclosing
 * `withContext()`, that of a LangGraph server, the root of the trace, one made for this run of the graph, the tool's own
 * run. Where there is none the SDK makes a new one for the call. All of them are claims: nothing is allowed by them.
 */
export function graphScope(
  tool: string,
  runManager: CallbackManagerForToolRun | undefined,
  config: GraphConfig | undefined,
): ToolScope {
  const configurable: Readonly<Record<string, unknown>> = config?.configurable ?? {};
  const metadata: Readonly<Record<string, unknown>> = config?.metadata ?? {};
  const graphRun = graphRunId(config);
  const inGraph = graphRun !== undefined || metadata["langgraph_step"] !== undefined;
  return {
    framework: inGraph ? "langgraph" : "langchain",
    tool,
    ids: resolveIds({
      // The thread is the program's own word, too.
      explicit: { runId: configurable["vault_run_id"], threadId: configurable["thread_id"] },
      framework: {
        runId: contextText(configurable["run_id"]) ?? traceId(runManager),
        toolCallId: toolCallId(config),
      },
      automatic: { runId: graphRun ?? runManager?.runId },
    }),
    context: {
      parent_run_id: parentRunId(runManager),
      node: metadata["langgraph_node"],
      step: metadata["langgraph_step"],
      checkpoint_ns: configurable["checkpoint_ns"],
      framework_version: metadata["langgraph_version"],
    },
    signal: config?.signal,
  };
}

/** The tool call a tool answers; undefined for one that is called by the program. */
export function toolCallId(config: GraphConfig | undefined): string | undefined {
  return contextText(config?.toolCall?.id ?? config?.toolCallId);
}

/**
 * `control` is there from LangGraph 1.4 on, `writer` from 1.0 on. Subgraphs get the same object as the graph around them;
 * an agent that is run by a tool gets its own, but shares the signal of the outermost run.
 */
function graphRunId(config: GraphConfig | undefined): string | undefined {
  const key = config?.control === undefined ? config?.writer : (outermostSignal(config) ?? config.control);
  if ((typeof key !== "object" && typeof key !== "function") || key === null) return undefined;
  const known = perGraphRun.get(key) ?? crypto.randomUUID();
  perGraphRun.set(key, known);
  return known;
}

function outermostSignal(config: GraphConfig): AbortSignal | undefined {
  const signals: unknown = config.configurable?.["__pregel_abort_signals"];
  if (typeof signals !== "object" || signals === null || !("externalAbortSignal" in signals)) return undefined;
  return signals.externalAbortSignal instanceof AbortSignal ? signals.externalAbortSignal : undefined;
}

/** The run of the node, which older versions have under another name. */
function parentRunId(runManager: CallbackManagerForToolRun | undefined): unknown {
  if (runManager === undefined) return undefined;
  return Reflect.get(runManager, "parentRunId") ?? Reflect.get(runManager, "_parentRunId");
}

/** The root of the trace, of any tracer. One that begins with the tool itself says no more than the tool's own run. */
function traceId(runManager: CallbackManagerForToolRun | undefined): string | undefined {
  if (runManager === undefined) return undefined;
  for (const handler of runManager.handlers) {
    if (!("getRun" in handler) || typeof handler.getRun !== "function") continue;
    const run: unknown = handler.getRun(runManager.runId);
    const id: unknown = typeof run === "object" && run !== null && "trace_id" in run ? run.trace_id : undefined;
    if (typeof id === "string" && id !== runManager.runId) return id;
  }
  return undefined;
}
