import type { AsyncLocalStorage } from "node:async_hooks";
import { nodeModules } from "./node-modules.ts";

/** Where in a generation a tool runs, as far as version 7 of the AI SDK tells it. Older versions tell nothing. */
export interface Generation {
  /** The id of the outermost call, such as that of `generateText()`. Calls that tools make share it. */
  readonly runId?: string | undefined;
  readonly step?: number | undefined;
  readonly tool?: string | undefined;
  readonly toolCallId?: string | undefined;
}

let storage: AsyncLocalStorage<Generation> | undefined;

/**
 * Listens to what the AI SDK tells on Node's diagnostics channels, from now on, once for the process. Does nothing where
 * there are no such channels.
 */
export function watchGenerations(): void {
  const modules = nodeModules();
  if (storage !== undefined || modules === undefined) return;
  const { AsyncLocalStorage } = modules("node:async_hooks");
  const { tracingChannel } = modules("node:diagnostics_channel");
  const generations = new AsyncLocalStorage<Generation>();
  storage = generations;
  tracingChannel("ai:telemetry").start.bindStore(generations, (message) => within(generations.getStore(), message));
}

export function currentGeneration(): Generation {
  return storage?.getStore() ?? {};
}

/** Must not throw, whatever the message is: Node would end the process. */
function within(outer: Generation | undefined, message: unknown): Generation {
  const event = member(message, "event");
  const callId = member(event, "callId");
  const step = member(event, "stepNumber");
  const tool = member(member(event, "toolCall"), "toolName");
  const toolCallId = member(member(event, "toolCall"), "toolCallId");
  return {
    runId: outer?.runId ?? (typeof callId === "string" ? callId : undefined),
    step: typeof step === "number" ? step : outer?.step,
    tool: typeof tool === "string" ? tool : undefined,
    toolCallId: typeof toolCallId === "string" ? toolCallId : undefined,
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
