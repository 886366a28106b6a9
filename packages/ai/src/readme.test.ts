import { withContext } from "@alter-vault/sdk";
import { examplesMissingIn } from "@alter-vault/sdk/readme-examples.test-support";
import { createTestVault } from "@alter-vault/testing";
import { generateText, isStepCount, streamText, type LanguageModel, type ModelMessage, type Tool } from "ai";
import { expect, test } from "vitest";
import * as z from "zod";
import { AI_VERSIONS } from "./ai-versions.test-support.ts";
import { vaultApproval, vaultNeedsApproval, vaultTool } from "./index.ts";

test("the example of the README does what it says", async () => {
  const testVault = await createTestVault();
  const answer = () => [{ number: 7 }];
  const github = await testVault.provider("github", { hosts: ["api.github.com"], answer });
  await testVault.connect("github");
  const vault = testVault.sdk({ caller: "triage-agent" });
  const ask = { id: "c1", name: "listIssues", input: { owner: "octocat", repo: "hello" } };
  const seven = AI_VERSIONS.find(({ major }) => major === 7);
  const model = Reflect.get(seven?.options([[ask], "One is open."]) ?? {}, "model") as LanguageModel;
  const prompt = "What is open?";
  const listIssues = vaultTool({
    vault,
    provider: "github", // or grantId
    description: "Lists the open issues of a repository.",
    inputSchema: z.object({ owner: z.string(), repo: z.string() }),
    request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
  });

  const { text } = await generateText({ model, prompt, tools: { listIssues }, stopWhen: isStepCount(5) });
  expect(text).toBe("One is open.");
  expect(github.calls).toMatchObject([{ method: "GET", path: "/repos/octocat/hello/issues" }]);
  await testVault.stop();
});

/* The others are compiled, and not run. */
declare const model: LanguageModel;
declare const [prompt, chatId]: readonly [string, string];
declare const messages: ModelMessage[];
declare const [listIssues, pay]: readonly [Tool<object>, Tool<object>];
const EXAMPLES = [
  async () => {
    const tools = { listIssues, pay };
    const chat = streamText({ model, messages, tools, toolApproval: vaultApproval(tools) }); // version 7
    await generateText({ model, prompt, tools: { pay: { ...pay, needsApproval: vaultNeedsApproval(pay) } } }); // version 6
    return chat;
  },
  () => {
    return withContext({ threadId: chatId }, () =>
      streamText({ model, messages, tools: { listIssues } }).toUIMessageStreamResponse(),
    );
  },
];

test("the examples of the README are the ones that compile", () => {
  expect(EXAMPLES).toHaveLength(2);
  expect(examplesMissingIn(import.meta.url)).toEqual([]);
});
