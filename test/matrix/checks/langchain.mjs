import assert from "node:assert/strict";
import { bindVault, vaultTool } from "@alter-vault/langchain";
import { createTestVault } from "@alter-vault/testing";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, interrupt, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";

const testVault = await createTestVault();
const vault = testVault.sdk();
const notes = await testVault.provider("notes");
const slack = await testVault.provider("slack");
await testVault.connect("notes");

const post = (provider) =>
  vaultTool({
    vault,
    provider,
    name: `post_${provider}`,
    description: "Posts.",
    schema: z.object({ text: z.string() }),
    request: (json) => ({ method: "POST", url: `https://api.${provider}.example/x`, json }),
    interrupt,
  });
const plain = bindVault(
  tool(
    async ({ text }, { vault: bound }) => (await bound.request("GET", "https://api.notes.example/get")).status + text,
    {
      name: "plain",
      description: "d",
      schema: z.object({ text: z.string() }),
    },
  ),
  { vault, provider: "notes" },
);
const tools = [post("notes"), post("slack"), plain];
const graph = new StateGraph(MessagesAnnotation)
  .addNode("tools", new ToolNode(tools))
  .addEdge(START, "tools")
  .compile({ checkpointer: new MemorySaver() });
const call = (name, id) => ({ name, args: { text: id }, id, type: "tool_call" });
const asked = new AIMessage({
  content: "",
  tool_calls: [call("post_notes", "c1"), call("post_slack", "c2"), call("plain", "c3")],
});
const config = { configurable: { thread_id: "t1" } };

await graph.invoke({ messages: [asked] }, config);
const state = await graph.getState(config);
const [paused] = state.tasks.flatMap(({ interrupts }) => interrupts);
assert.equal(paused?.value.type, "connect_required");
assert.equal(paused.value.toolCallId, "c2");
assert.match(paused.value.url, /^http:\/\/127\.0\.0\.1/);
assert.equal(slack.calls.length, 0);
await testVault.connect("slack");
const { messages } = await graph.invoke(new Command({ resume: true }), config);
const results = messages.filter((message) => message instanceof ToolMessage);
assert.deepEqual(
  results.map(({ content }) => content),
  ['{"ok":true}', '{"ok":true}', "200c3"],
);
assert.deepEqual(
  [notes, slack].map(({ calls }) => calls.filter(({ method }) => method === "POST").length),
  [1, 1],
);
const contexts = (await testVault.calls()).map(({ context }) => context);
for (const context of contexts) assert.equal(context.thread_id, "t1");
assert.deepEqual(new Set(contexts.map((context) => context.tool_call_id)), new Set(["c1", "c2", "c3"]));

// What the model is told of the tool: a schema that is not empty.
const { toJsonSchema } = await import("@langchain/core/utils/json_schema");
assert.deepEqual(toJsonSchema(tools[0].schema).required, ["text"]);
await testVault.stop();
