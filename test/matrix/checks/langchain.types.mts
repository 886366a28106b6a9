import { bindVault, requireConnections, vaultTool, vaultToolkit, type VaultInterrupt } from "@alter-vault/langchain";
import type { AlterVault } from "@alter-vault/sdk";
import { tool } from "@langchain/core/tools";
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import { createReactAgent, ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";

/* What a program of a user is made of. It is compiled, and not run. */
declare const vault: AlterVault;
declare const llm: Parameters<typeof createReactAgent>[0]["llm"];
const schema = z.object({ text: z.string() });
export const post = vaultTool({
  vault,
  provider: "notes",
  name: "post",
  description: "d",
  schema,
  request: ({ text }) => ({ method: "POST", url: "https://api.example", json: { text: text satisfies string } }),
});
export const both = vaultTool({
  vault,
  name: "both",
  description: "d",
  schema,
  execute: async ({ text }, { vault: bound }) =>
    `${text} ${(await bound.request("GET", "https://api.example")).status}`,
});
export const bound = bindVault(
  tool(async ({ text }: { text: string }) => text, { name: "n", description: "d", schema }),
  { vault },
);
export const node = new ToolNode([post, both, bound]);
export const agent = createReactAgent({
  llm,
  tools: [post, both, ...(await vaultToolkit({ vault, provider: "github" }))],
});
export const graph = new StateGraph(MessagesAnnotation).addNode("first", requireConnections({ vault, needs: [] }));
export const url = ({ url: link }: VaultInterrupt): string | null => link;
