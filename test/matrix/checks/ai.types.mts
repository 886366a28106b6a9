import { requireConnections, vaultApproval, vaultNeedsApproval, vaultTool, type VaultOutput } from "@alter-vault/ai";
import type { AlterVault } from "@alter-vault/sdk";
import { generateText, type InferUITools, type LanguageModel, type ToolSet } from "ai";
import { z } from "zod";

/* What a program of a user is made of. It is compiled, and not run. */
declare const vault: AlterVault;
declare const model: LanguageModel;
const post = vaultTool({
  vault,
  provider: "notes",
  description: "d",
  inputSchema: z.object({ text: z.string() }),
  request: (input: { text: string }) => ({ method: "POST", url: "https://api.example", json: input }),
  output: async (response) => response.status,
});
export const tools = { post } satisfies ToolSet;
export const prepareStep = requireConnections({ vault, needs: [{ provider: "notes" }] });
export const needsApproval: Promise<boolean> = vaultNeedsApproval(post)({ text: "x" }, { toolCallId: "c1" });
// Versions 5 and 6 have no such option; there it is an object like any other.
const asking = { toolApproval: vaultApproval(tools) };
export const askingFirst = () => generateText({ model, prompt: "go", tools, ...asking });
export const run = () => generateText({ model, prompt: "go", tools, prepareStep });
export type Output = InferUITools<typeof tools>["post"]["output"];
export const status = (output: Output): number | undefined => (output.ok ? output.data : undefined);
export const asked = (output: VaultOutput<number>): string | null | undefined =>
  output.ok ? null : output.action?.url;
