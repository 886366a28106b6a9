import { examplesMissingIn } from "@alter-vault/sdk/readme-examples.test-support";
import { createTestVault } from "@alter-vault/testing";
import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport, McpServer, UrlElicitationRequiredError } from "@modelcontextprotocol/server";
import { expect, test } from "vitest";
import * as z from "zod";
import { registerVaultTool } from "./index.ts";

test("the example of the README does what it says", async () => {
  const testVault = await createTestVault();
  const answer = () => [{ number: 7 }];
  const github = await testVault.provider("github", { hosts: ["api.github.com"], answer });
  await testVault.connect("github");
  const vault = testVault.sdk({ caller: { type: "mcp_server", identifier: "issues" } });
  const server = new McpServer({ name: "issues", version: "1.0.0" });
  registerVaultTool(server, {
    vault,
    provider: "github",
    name: "list_issues",
    description: "Lists the open issues of a repository.",
    inputSchema: z.object({ owner: z.string(), repo: z.string() }),
    request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
    UrlElicitationRequiredError,
  });

  const client = new Client({ name: "example", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(here), client.connect(there)]);
  const result = await client.callTool({ name: "list_issues", arguments: { owner: "octocat", repo: "hello" } });
  expect(result.content).toEqual([{ type: "text", text: '[{"number":7}]' }]);
  expect(github.calls).toMatchObject([{ path: "/repos/octocat/hello/issues" }]);
  await client.close();
  await testVault.stop();
});

test("the examples of the README are the ones that compile", () => {
  expect(examplesMissingIn(import.meta.url)).toEqual([]);
});
