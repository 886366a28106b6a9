import { runTool, toolVault, type CredentialOptions, type VaultCalls } from "@alter-vault/sdk";
import type { CallbackManagerForToolRun } from "@langchain/core/callbacks/manager";
import { DynamicStructuredTool, type StructuredToolInterface, type ToolRunnableConfig } from "@langchain/core/tools";
import { graphScope } from "./graph-scope.ts";

/** What the function of a bound tool gets as its second argument. */
export type BoundConfig = ToolRunnableConfig & { readonly vault: VaultCalls };

export interface BindVaultOptions extends CredentialOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
}

/**
 * Hands an existing tool a vault that is bound to each of its tool calls. Its function finds it in its config; a provider's
 * SDK, another AlterVault or a whole agent that it runs carries the same ids. Errors and pauses stay the tool's own.
 *
 * @example
 * const search = bindVault(tool(async ({ q }, config: BoundConfig) => find(q, config.vault.fetch()), fields), {
 *   vault,
 *   provider: "github",
 * });
 */
export function bindVault<Tool extends StructuredToolInterface>(tool: Tool, options: BindVaultOptions): Tool {
  const { name, description, schema } = tool;
  const view = toolVault(options);
  const bound = new DynamicStructuredTool({
    name,
    description,
    schema,
    returnDirect: Reflect.get(tool, "returnDirect") === true,
    defaultConfig: { runName: name },
    func: (input: unknown, runManager?: CallbackManagerForToolRun, config?: ToolRunnableConfig) =>
      runTool(view, graphScope(name, runManager, config), async ({ vault }): Promise<unknown> => {
        // The tool call itself, where there is one, so that the tool answers with its own message, artifact included.
        const given = config?.toolCall === undefined ? input : { ...config.toolCall, type: "tool_call" as const };
        return tool.invoke(given as never, { ...config, callbacks: runManager?.getChild(), vault } as BoundConfig);
      }),
  });
  if (tool.extras !== undefined) bound.extras = tool.extras;
  return bound as StructuredToolInterface as Tool;
}
