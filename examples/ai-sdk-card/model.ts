import { MockLanguageModelV4, simulateReadableStream } from "ai/test";

/** The SDK's own mock model: first it calls the tool, then it says what came of it. */
export function scriptedModel(): MockLanguageModelV4 {
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const toolCall = { type: "tool-call", toolName: "listEvents", input: "{}" };
  let calls = 0;
  const doStream = async ({ prompt }: { prompt: readonly { readonly role: string }[] }) => {
    const isDone = prompt.at(-1)?.role === "tool";
    const parts = isDone
      ? [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "That is all for today." },
          { type: "text-end", id: "1" },
        ]
      : [{ ...toolCall, toolCallId: `call_${++calls}` }];
    const reason = isDone ? "stop" : "tool-calls";
    const finish = { type: "finish", finishReason: { unified: reason, raw: reason }, usage };
    return { stream: simulateReadableStream({ chunks: [{ type: "stream-start", warnings: [] }, ...parts, finish] }) };
  };
  return new MockLanguageModelV4({ doStream: doStream as never });
}
