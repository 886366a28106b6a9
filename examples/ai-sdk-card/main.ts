import assert from "node:assert/strict";
import { vaultTool, type VaultOutput } from "@alter-vault/ai";
import { createTestVault } from "@alter-vault/testing";
import { isStepCount, streamText } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import * as z from "zod";

/** What the UI is shown, in order: the card, the result. */
const testVault = await createTestVault();
try {
  const calendar = await testVault.provider("calendar", { answer: () => [{ title: "Lunch" }] });

  // What you write: a tool that waits for the user.
  const listEvents = vaultTool({
    vault: testVault.sdk({ caller: "assistant" }),
    provider: "calendar",
    description: "Lists the events of today.",
    inputSchema: z.object({}),
    request: () => ({ method: "GET", url: `${calendar.origin}/events` }),
    waitForUser: 60_000,
  });

  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const turns = [
    [{ type: "tool-call", toolCallId: "call_1", toolName: "listEvents", input: "{}" }],
    [
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Lunch." },
      { type: "text-end", id: "1" },
    ],
  ];
  const doStream = async () => {
    const parts = turns.shift() ?? [];
    const reason = turns.length === 1 ? "tool-calls" : "stop";
    const finish = { type: "finish", finishReason: { unified: reason, raw: reason }, usage };
    return { stream: ReadableStream.from([{ type: "stream-start", warnings: [] }, ...parts, finish]) };
  };
  const model = new MockLanguageModelV4({ doStream: doStream as never });
  const chat = streamText({ model, prompt: "What is on today?", tools: { listEvents }, stopWhen: isStepCount(3) });

  const shown: string[] = [];
  for await (const part of chat.toUIMessageStream()) {
    if (part.type !== "tool-output-available") continue;
    const output = part.output as VaultOutput<unknown>;
    if (output.ok) shown.push(JSON.stringify(output.data));
    else {
      shown.push("card");
      process.stdout.write(`${output.action?.message} ${output.action?.url}\n`);
      await testVault.connect("calendar");
    }
  }
  assert.equal(shown[0], "card");
  assert.equal(shown.at(-1), '[{"title":"Lunch"}]');
  assert.equal(await chat.text, "Lunch.");
  assert.equal(calendar.calls.length, 1);
} finally {
  await testVault.stop();
}
