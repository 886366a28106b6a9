import assert from "node:assert/strict";
import { vaultTool, type VaultInterrupt } from "@alter-vault/langchain";
import { createTestVault } from "@alter-vault/testing";
import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { Command, MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import * as z from "zod";

/** One tool makes two calls. The second needs an account that is not connected, and then an approval. */
const testVault = await createTestVault();
try {
  const tracker = await testVault.provider("tracker", { answer: () => ({ ticket: 7 }) });
  const chat = await testVault.provider("chat");
  await testVault.connect("tracker");

  // What you write: a tool that makes its calls in order, and a host that shows what must be done.
  const report = vaultTool({
    vault: testVault.sdk({ caller: "triage-agent" }),
    name: "report_bug",
    description: "Files a ticket and tells the team.",
    schema: z.object({ title: z.string() }),
    execute: async ({ title }, { vault }) => {
      const filed = await vault.request("POST", `${tracker.origin}/tickets`, { provider: "tracker", json: { title } });
      await vault.request("POST", `${chat.origin}/messages`, { provider: "chat", json: { text: `Filed: ${title}` } });
      return filed.json();
    },
  });
  const model = fakeModel()
    .respondWithTools([{ name: "report_bug", args: { title: "The door is stuck" }, id: "call_1" }])
    .respond(new AIMessage("Done."));
  const agent = createAgent({ model, tools: [report], checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "thread-monday" } };
  const asked = (answer: object): VaultInterrupt | undefined =>
    (answer as { __interrupt__?: { value: VaultInterrupt }[] }).__interrupt__?.[0]?.value;

  const first = asked(await agent.invoke({ messages: [{ role: "user", content: "The door is stuck" }] }, config));
  assert.equal(first?.type, "connect_required");
  process.stdout.write(`${first.message} ${first.url}\n`);
  await testVault.connect("chat");
  const approval = testVault.requireApproval({ provider: "chat" });

  // The answer is not believed: that the account is connected approves nothing.
  const second = asked(await agent.invoke(new Command({ resume: { approved: true } }), config));
  assert.equal(second?.type, "approval_required");
  assert.deepEqual(chat.calls, []);
  process.stdout.write(`${second.message} ${second.url}\n`);
  approval.approve();

  const { messages } = await agent.invoke(new Command({ resume: true }), config);
  assert.equal(messages.at(-1)?.content, "Done.");
  assert.equal(tracker.calls.length, 1, "the tool ran three times, and the ticket was filed once");
  assert.equal(chat.calls.length, 1);
  for (const { context } of await testVault.calls()) {
    assert.deepEqual([context["thread_id"], context["tool_call_id"]], ["thread-monday", "call_1"]);
  }
} finally {
  await testVault.stop();
}
