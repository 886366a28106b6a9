import { registerVaultTool, vaultIdsFetch, vaultIdsHeaders, vaultTool } from "@alter-vault/mcp";
import type { AlterVault } from "@alter-vault/sdk";
import { z } from "zod";

/* What a program of a user is made of. It is compiled, and not run. */
declare const vault: AlterVault;
declare const server: Parameters<typeof registerVaultTool>[0];
export const post = registerVaultTool(server, {
  vault,
  provider: "notes",
  name: "post",
  description: "d",
  inputSchema: z.object({ text: z.string() }),
  request: ({ text }) => ({ method: "POST", url: "https://api.example", json: { text: text satisfies string } }),
});
export const both = vaultTool({
  vault,
  name: "both",
  description: "d",
  inputSchema: z.object({ text: z.string() }),
  execute: async ({ text }, { vault: bound }) => [text, await bound.request("GET", "https://api.example")],
});
export const fetching: typeof fetch = vaultIdsFetch();
export const headers: Record<string, string> = vaultIdsHeaders({});
