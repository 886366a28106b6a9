import assert from "node:assert/strict";
import { vaultApproval, vaultNeedsApproval, vaultTool } from "@alter-vault/ai";
import { createTestVault } from "@alter-vault/testing";
import * as ai from "ai";
import * as mocks from "ai/test";
import { z } from "zod";

const testVault = await createTestVault();
const notes = await testVault.provider("notes");
const mockOf = (version) => Reflect.get(mocks, `MockLanguageModelV${version}`);
const Mock = mockOf(4) ?? mockOf(3) ?? mockOf(2);
const isOld = Mock === mockOf(2);
const usage = isOld
  ? { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
  : { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const reason = (name) => (isOld ? name : { unified: name, raw: name });
const model = (id) => {
  const turns = [
    {
      content: [{ type: "tool-call", toolCallId: id, toolName: "post", input: '{"text":"x"}' }],
      finishReason: reason("tool-calls"),
    },
    { content: [{ type: "text", text: "done" }], finishReason: reason("stop") },
  ];
  return new Mock({ doGenerate: async () => ({ ...turns.shift(), usage, warnings: [] }) });
};
const post = vaultTool({
  vault: testVault.sdk(),
  provider: "notes",
  description: "Posts.",
  inputSchema: z.object({ text: z.string() }),
  request: (json) => ({ method: "POST", url: "https://api.notes.example/x", json }),
});
const isSix = Mock === mockOf(3);
const stopWhen = (ai.isStepCount ?? ai.stepCountIs)(3);
const within = { vault: { runId: "run-1", threadId: "thread-1" } };
const run = (id, more = {}) =>
  ai.generateText({
    model: model(id),
    prompt: "go",
    tools: { post },
    stopWhen,
    experimental_context: within,
    toolsContext: { post: within },
    ...more,
  });

const missing = await run("c1");
const [refused] = missing.steps[0].toolResults;
assert.equal(refused.output.error.code, "grant_not_found");
assert.match(refused.output.action.url, /^http:\/\/127\.0\.0\.1/);
await testVault.connect("notes");
for (let i = 0; i < 2; i++) {
  const done = await run("c2");
  assert.deepEqual(done.steps[0].toolResults[0].output, { ok: true, data: { ok: true } });
}
assert.equal(notes.calls.length, 1);
const contexts = (await testVault.calls()).map(({ context }) => context);
for (const context of contexts) assert.deepEqual([context.run_id, context.thread_id], ["run-1", "thread-1"]);
assert.deepEqual(
  contexts.map((context) => context.tool_call_id),
  ["c1", "c2", "c2"],
);

if (!isOld) {
  const asking = isSix
    ? { tools: { post: { ...post, needsApproval: vaultNeedsApproval(post) } } }
    : { toolApproval: vaultApproval({ post }) };
  const kinds = async (id) => (await run(id, asking)).steps[0].content.map(({ type }) => type);
  assert.deepEqual(await kinds("c3"), ["tool-call", "tool-result"]);
  testVault.requireApproval();
  assert.deepEqual(await kinds("c4"), ["tool-call", "tool-approval-request"]);
  assert.equal(notes.calls.length, 2);
}
await testVault.stop();
