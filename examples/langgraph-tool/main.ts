import assert from "node:assert/strict";
import { vaultTool } from "@alter-vault/langchain";
import { createTestVault } from "@alter-vault/testing";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import * as z from "zod";

/**
 * A LangGraph agent asks an issue tracker for its issues. The graph, its tool and its state never hold the tracker's
 * token, and the audit log says which run, thread and tool call made the call, and in which node.
 */
const testVault = await createTestVault();
try {
  const tracker = await testVault.provider("tracker", {
    answer: () => [{ type: "issue", number: 7, title: "The door is stuck" }],
  });
  await testVault.connect("tracker");

  // What you write: a vault, a tool, and a graph like any other.
  const vault = testVault.sdk({ caller: "triage-agent" });
  const listIssues = vaultTool({
    vault,
    provider: "tracker",
    name: "list_issues",
    description: "Lists the open issues of a repository.",
    schema: z.object({ owner: z.string(), repo: z.string() }),
    request: (pathParams) => ({
      method: "GET",
      url: `${tracker.origin}/repos/{owner}/{repo}/issues`,
      pathParams,
      reason: "The user asked what is open",
    }),
  });
  const model = fakeModel()
    .respondWithTools([{ name: "list_issues", args: { owner: "acme", repo: "website" }, id: "call_1" }])
    .respond(new AIMessage("One issue is open."))
    .bindTools([listIssues]);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("tools", new ToolNode([listIssues]))
    .addEdge(START, "agent")
    .addConditionalEdges("agent", toolsCondition)
    .addEdge("tools", "agent")
    .compile({ checkpointer: new MemorySaver() });

  // The run id is optional: without it, each run of the graph gets one by itself.
  const configurable = { thread_id: "thread-monday", vault_run_id: "run-42" };
  const { messages } = await graph.invoke({ messages: [{ role: "user", content: "What is open?" }] }, { configurable });

  const result = messages.find((message) => message instanceof ToolMessage);
  assert.equal(result?.content, '[{"type":"issue","number":7,"title":"The door is stuck"}]');
  assert.equal(messages.at(-1)?.content, "One issue is open.");
  const [called] = tracker.calls;
  assert.deepEqual([called?.method, called?.path], ["GET", "/repos/acme/website/issues"]);
  const token = String(called?.headers.authorization).replace("Bearer ", "");
  assert.ok(!JSON.stringify(messages).includes(token), "the graph never saw the token");

  const [entry, ...more] = await testVault.calls();
  assert.deepEqual(more, []);
  const { checkpoint_ns: checkpointNs, ...context } = entry?.context ?? {};
  assert.deepEqual(context, {
    run_id: "run-42",
    thread_id: "thread-monday",
    tool_call_id: "call_1",
    tool: "list_issues",
    node: "tools",
    step: "2",
  });
  assert.match(checkpointNs ?? "", /^tools:/);
  assert.deepEqual(entry?.caller, { type: "agent", identifier: "triage-agent", framework: "langgraph" });
  assert.deepEqual([entry.decision, entry.outcome, entry.status], ["allow", "provider", 200]);
  process.stdout.write(`${entry.caller.identifier} ${entry.method} ${entry.url} ${JSON.stringify(entry.context)}\n`);
} finally {
  await testVault.stop();
}
