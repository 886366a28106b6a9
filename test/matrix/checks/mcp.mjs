import assert from "node:assert/strict";
import { IDS_IN_META, registerVaultTool } from "@alter-vault/mcp";
import { createTestVault } from "@alter-vault/testing";
import { z } from "zod";

/** Whichever version of the SDK is installed. */
async function sdk() {
  try {
    const server = await import("@modelcontextprotocol/server");
    const client = await import("@modelcontextprotocol/client");
    return { ...server, Client: client.Client };
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    const [{ McpServer }, { Client }, { InMemoryTransport }, { UrlElicitationRequiredError }] = await Promise.all([
      import("@modelcontextprotocol/sdk/server/mcp.js"),
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/inMemory.js"),
      import("@modelcontextprotocol/sdk/types.js"),
    ]);
    return { McpServer, Client, InMemoryTransport, UrlElicitationRequiredError };
  }
}

const { McpServer, Client, InMemoryTransport, UrlElicitationRequiredError } = await sdk();
const testVault = await createTestVault();
const notes = await testVault.provider("notes");

async function connect(capabilities) {
  const server = new McpServer({ name: "notes", version: "1" });
  registerVaultTool(server, {
    vault: testVault.sdk(),
    provider: "notes",
    name: "post",
    description: "Posts.",
    inputSchema: z.object({ text: z.string() }),
    request: (json) => ({ method: "POST", url: "https://api.notes.example/x", json }),
    UrlElicitationRequiredError,
  });
  const client = new Client({ name: "test", version: "1" }, { capabilities });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  const _meta = {
    [IDS_IN_META.runId]: "run-1",
    [IDS_IN_META.threadId]: "thread-1",
    [IDS_IN_META.toolCallId]: "call-1",
  };
  return () => client.callTool({ name: "post", arguments: { text: "x" }, _meta });
}

const call = await connect({});
const refused = await call();
assert.equal(refused.isError, true);
assert.match(JSON.parse(refused.content[0].text).url, /^http:\/\/127\.0\.0\.1/);
const asking = await connect({ elicitation: { url: {} } });
await assert.rejects(asking(), ({ code, data }) => code === -32042 && data.elicitations[0].mode === "url");
await testVault.connect("notes");
for (let i = 0; i < 2; i++) assert.equal((await call()).content[0].text, '{"ok":true}');
assert.equal(notes.calls.length, 1);
const entry = (await testVault.calls()).at(-1);
assert.deepEqual(
  [entry.context.run_id, entry.context.thread_id, entry.context.tool_call_id],
  ["run-1", "thread-1", "call-1"],
);
await testVault.stop();
