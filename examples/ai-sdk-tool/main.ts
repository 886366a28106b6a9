import assert from "node:assert/strict";
import { vaultTool } from "@alter-vault/ai";
import { withContext } from "@alter-vault/sdk";
import { createTestVault } from "@alter-vault/testing";
import { generateText, isStepCount } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import * as z from "zod";

/**
 * A tool of the Vercel AI SDK asks an issue tracker for its issues. The model is given the data alone, nobody but the
 * vault holds the tracker's token, and the audit log says which run, thread and tool call made the call.
 */
const testVault = await createTestVault();
try {
  const tracker = await testVault.provider("tracker", {
    answer: () => [{ type: "issue", number: 7, title: "The door is stuck" }],
  });
  await testVault.connect("tracker");

  // What you write: a vault and a tool.
  const vault = testVault.sdk({ caller: "triage-agent" });
  const listIssues = vaultTool({
    vault,
    provider: "tracker",
    description: "Lists the open issues of a repository.",
    inputSchema: z.object({ owner: z.string(), repo: z.string() }),
    request: (pathParams) => ({ method: "GET", url: `${tracker.origin}/repos/{owner}/{repo}/issues`, pathParams }),
    output: async (response) =>
      z.array(z.object({ number: z.number(), title: z.string() })).parse(await response.json()),
  });

  const model = scriptedModel();
  const ask = () => generateText({ model, prompt: "What is open?", tools: { listIssues }, stopWhen: isStepCount(3) });
  // In a route handler the thread is the chat's id. The run id comes from the AI SDK by itself.
  const { steps, text } = await withContext({ threadId: "chat-7" }, ask);

  const output = steps[0]?.toolResults[0]?.output;
  assert.deepEqual(output, { ok: true, data: [{ number: 7, title: "The door is stuck" }] });
  assert.equal(text, "One issue is open.");
  const [called] = tracker.calls;
  assert.deepEqual([called?.method, called?.path], ["GET", "/repos/acme/website/issues"]);
  const prompt = JSON.stringify(model.doGenerateCalls.at(-1)?.prompt);
  assert.ok(prompt.includes('"output":{"type":"json","value":[{"number":7,"title":"The door is stuck"}]}'), prompt);
  const token = String(called?.headers.authorization).replace("Bearer ", "");
  assert.ok(!JSON.stringify([steps, prompt]).includes(token), "neither the model nor the result holds the token");

  const runId = steps[0]?.callId;
  assert.ok(runId);
  const [entry, ...more] = await testVault.calls();
  assert.deepEqual(more, []);
  assert.deepEqual(entry?.context, {
    run_id: runId,
    thread_id: "chat-7",
    tool_call_id: "call_1",
    tool: "listIssues",
    step: "0",
  });
  assert.deepEqual(entry.caller, { type: "agent", identifier: "triage-agent", framework: "ai-sdk" });
  assert.deepEqual([entry.decision, entry.outcome, entry.status], ["allow", "provider", 200]);
  process.stdout.write(`${entry.caller.identifier} ${entry.method} ${entry.url} ${JSON.stringify(entry.context)}\n`);
} finally {
  await testVault.stop();
}

/** The SDK's own mock model: first it calls the tool, then it answers. */
function scriptedModel(): MockLanguageModelV4 {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  const input = JSON.stringify({ owner: "acme", repo: "website" });
  return new MockLanguageModelV4({
    doGenerate: [
      {
        content: [{ type: "tool-call", toolCallId: "call_1", toolName: "listIssues", input }],
        finishReason: { unified: "tool-calls", raw: undefined },
        usage,
        warnings: [],
      },
      {
        content: [{ type: "text", text: "One issue is open." }],
        finishReason: { unified: "stop", raw: undefined },
        usage,
        warnings: [],
      },
    ],
  });
}
