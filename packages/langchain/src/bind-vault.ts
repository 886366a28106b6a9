import { runTool, toolVault, type CredentialOptions, type VaultCalls } from "@alter-vault/sdk";
import type { CallbackManagerForToolRun } from "@langchain/core/callbacks/manager";
import { StructuredTool, type StructuredToolInterface, type ToolRunnableConfig } from "@langchain/core/tools";
import { graphScope } from "./graph-scope.ts";

/** What the function of a bound tool gets as its second argument. */
export type BoundConfig = ToolRunnableConfig & { readonly vault: VaultCalls };

export interface BindVaultOptions extends CredentialOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
}

/** The same tool, run with a vault of its tool call: in `config.vault`, and around everything it calls. */
class BoundTool extends StructuredTool {
  readonly name: string;
  readonly description: string;
  readonly schema: StructuredToolInterface["schema"];
  readonly #tool: StructuredToolInterface;
  readonly #vault: VaultCalls;

  constructor(tool: StructuredToolInterface, vault: VaultCalls) {
    super({ defaultConfig: { runName: tool.name } });
    this.name = tool.name;
    this.description = tool.description;
    this.schema = tool.schema;
    this.returnDirect = Reflect.get(tool, "returnDirect") === true;
    if (tool.extras !== undefined) this.extras = tool.extras;
    this.#tool = tool;
    this.#vault = vault;
  }

  static override lc_name(): string {
    return "BoundTool";
  }

  protected override _call(
    input: Parameters<StructuredToolInterface["invoke"]>[0],
    runManager?: CallbackManagerForToolRun,
    config?: ToolRunnableConfig,
  ): Promise<unknown> {
    const { toolCall } = config ?? {};
    // The tool call itself, where there is one, so that the tool answers with its own message, artifact included.
    const given = toolCall === undefined ? input : { ...toolCall, type: "tool_call" as const };
    return runTool(this.#vault, graphScope(this.name, runManager, config), async ({ vault }) => {
      const bound = { ...config, callbacks: runManager?.getChild(), vault };
      return this.#tool.invoke(given as typeof input, bound as ToolRunnableConfig) as unknown;
    });
  }
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
  const bound: unknown = new BoundTool(tool, toolVault(options));
  return bound as Tool;
}
