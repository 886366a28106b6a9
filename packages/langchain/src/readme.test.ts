/* oxlint-disable no-unused-vars -- examples show what there is */
import type { AlterVault } from "@alter-vault/sdk";
import { examplesMissingIn } from "@alter-vault/sdk/readme-examples.test-support";
import { createTestVault } from "@alter-vault/testing";
import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { Command } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { expect, test } from "vitest";
import * as z from "zod";
import type { Graph } from "./agents.test-support.ts";
import { vaultTool, type VaultInterrupt } from "./index.ts";

test("the example of the README does what it says", async () => {
  const testVault = await createTestVault();
  const answer = () => [{ number: 7 }];
  const github = await testVault.provider("github", { hosts: ["api.github.com"], answer });
  await testVault.connect("github");
  const vault = testVault.sdk({ caller: "triage-agent" });
  const model = fakeModel()
    .respondWithTools([{ name: "list_issues", args: { owner: "octocat", repo: "hello" }, id: "c1" }])
    .respond(new AIMessage("One is open."));
  const messages = [{ role: "user" as const, content: "What is open?" }];
  const listIssues = vaultTool({
    vault,
    provider: "github", // or grantId
    name: "list_issues",
    description: "Lists the open issues of a repository.",
    schema: z.object({ owner: z.string(), repo: z.string() }),
    request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
  });

  const agent = createAgent({ model, tools: [listIssues] });
  await agent.invoke({ messages }, { configurable: { thread_id: "thread-monday" } });
  expect(github.calls).toMatchObject([{ method: "GET", path: "/repos/octocat/hello/issues" }]);
  expect((await testVault.calls())[0]?.context).toMatchObject({ thread_id: "thread-monday", tool_call_id: "c1" });
  await testVault.stop();
});

/* The others are compiled, and not run. */
declare const vault: AlterVault;
declare const [releasesUrl, messagesUrl]: readonly [string, string];
declare const agent: Omit<Graph, "invoke"> & {
  invoke(input: unknown, config: object): Promise<{ __interrupt__?: { id: string; value: VaultInterrupt }[] }>;
};
declare const messages: readonly object[];
declare const config: object;
declare function showToUser(text: string, url: string | null): void;
const EXAMPLES = [
  () => {
    const release = vaultTool({
      vault,
      name: "release",
      description: "Makes a release and tells the team.",
      schema: z.object({ tag: z.string() }),
      execute: async ({ tag }, { vault, signal, ids }) => {
        const made = await vault.request("POST", releasesUrl, { provider: "github", json: { tag_name: tag } });
        await vault.request("POST", messagesUrl, { provider: "slack", json: { text: `Released ${tag}` } });
        return made.json();
      },
    });
    return release;
  },
  async () => {
    const paused = await agent.invoke({ messages }, config);
    for (const { id, value } of paused.__interrupt__ ?? []) showToUser(value.message, value.url); // type, providerId, …
    await agent.invoke(new Command({ resume: true }), config); // or { [id]: … } for several
  },
];

test("the examples of the README are the ones that compile", () => {
  expect(EXAMPLES).toHaveLength(2);
  expect(examplesMissingIn(import.meta.url)).toEqual([]);
});
