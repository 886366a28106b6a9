import { vaultTool, type VaultOutput } from "@alter-vault/ai";
import type { AlterVault } from "@alter-vault/sdk";
import {
  convertToModelMessages,
  isStepCount,
  streamText,
  toUIMessageStream,
  type InferUITools,
  type LanguageModel,
  type Tool,
  type UIMessage,
  type UIMessageChunk,
} from "ai";
import * as z from "zod";

type Events = readonly { readonly title: string }[];
type ChatTools = { listEvents: Tool<Record<string, never>, VaultOutput<Events>> };
export type ChatMessage = UIMessage<never, never, InferUITools<ChatTools>>;

/** The answer of the assistant, as it comes: what you write in a route handler. */
export type Chat = (messages: ChatMessage[], signal: AbortSignal) => Promise<ReadableStream<UIMessageChunk>>;

export function createChat(vault: AlterVault, model: LanguageModel, calendar: string): Chat {
  const tools: ChatTools = {
    listEvents: vaultTool({
      vault,
      provider: "calendar",
      description: "Lists the events of today.",
      inputSchema: z.object({}),
      request: () => ({ method: "GET", url: `${calendar}/events` }),
      output: async (response): Promise<Events> =>
        z.array(z.object({ title: z.string() })).parse(await response.json()),
      waitForUser: 120_000,
    }),
  };
  return async (messages, abortSignal) => {
    const prompt = await convertToModelMessages(messages, { tools });
    const { stream } = streamText({ model, messages: prompt, tools, stopWhen: isStepCount(3), abortSignal });
    return toUIMessageStream({ stream, tools });
  };
}
