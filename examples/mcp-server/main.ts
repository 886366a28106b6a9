import assert from "node:assert/strict";
import { IDS_IN_META, registerVaultTool } from "@alter-vault/mcp";
import { createTestVault } from "@alter-vault/testing";
import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport, McpServer, UrlElicitationRequiredError } from "@modelcontextprotocol/server";
import * as z from "zod";

/** A server whose tool never holds the tracker's token, and whose client never sees it. */
const testVault = await createTestVault();
try {
  const tracker = await testVault.provider("tracker", { answer: ({ path }) => [{ path, title: "The door is stuck" }] });

  // What you write: a server with a tool.
  const server = new McpServer({ name: "issues", version: "1.0.0" });
  registerVaultTool(server, {
    vault: testVault.sdk({ caller: { type: "mcp_server", identifier: "issues" } }),
    provider: "tracker",
    name: "list_issues",
    description: "Lists the open issues of a repository.",
    inputSchema: z.object({ repo: z.string() }),
    request: (pathParams) => ({ method: "GET", url: `${tracker.origin}/repos/{repo}/issues`, pathParams }),
    UrlElicitationRequiredError,
  });

  const client = new Client({ name: "example", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(here), client.connect(there)]);
  const call = async (): Promise<{ isError?: boolean; text: string }> => {
    const _meta = { [IDS_IN_META.runId]: "run-42", [IDS_IN_META.toolCallId]: "call_1" };
    const result = await client.callTool({ name: "list_issues", arguments: { repo: "website" }, _meta });
    const [part] = result.content as { text: string }[];
    return { ...(result.isError === true ? { isError: true } : {}), text: part?.text ?? "" };
  };

  const missing = await call();
  assert.equal(missing.isError, true);
  process.stdout.write(`${missing.text}\n`);
  assert.match((JSON.parse(missing.text) as { url: string }).url, /^http/);
  await testVault.connect("tracker");
  assert.deepEqual(JSON.parse((await call()).text), [{ path: "/repos/website/issues", title: "The door is stuck" }]);

  const entry = (await testVault.calls()).at(-1);
  assert.deepEqual(entry?.caller, { type: "mcp_server", identifier: "issues", framework: "mcp" });
  assert.equal(entry.context["run_id"], "run-42");
  assert.equal(entry.context["tool_call_id"], "call_1");
  await client.close();
} finally {
  await testVault.stop();
}
