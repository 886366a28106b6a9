import { operationTools, type AlterVault, type CredentialOptions, type OperationOptions } from "@alter-vault/sdk";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { InteropZodObject } from "@langchain/core/utils/types";
import { vaultTool } from "./vault-tool.ts";

export interface VaultToolkitOptions extends OperationOptions, Pick<CredentialOptions, "grantId" | "account"> {
  readonly vault: AlterVault;
  /** A provider of the catalogue, or of the app's own. */
  readonly provider: string;
}

/**
 * A ready set of tools: one for each named operation of a provider, as the vault's catalogue has them. Needs the scope
 * `providers:read`. Rejects with BackendError `provider_not_found`, and with AlterValueError for an operation that the
 * provider does not have.
 *
 * @example
 * const tools = await vaultToolkit({ vault, provider: "github", operations: ["repos.get", "issues.create"] });
 */
export async function vaultToolkit(options: VaultToolkitOptions): Promise<StructuredToolInterface[]> {
  const { vault, provider, grantId, account, ...operations } = options;
  const credential = grantId === undefined ? { provider, account } : { grantId };
  const info = await vault.oauthProviders.get(provider);
  return operationTools(info, operations).map(({ name, description, inputSchema, request }) => {
    // LangChain takes a JSON schema where its types for classes say zod.
    const schema: unknown = inputSchema;
    return vaultTool({ vault, ...credential, name, description, schema: schema as InteropZodObject, request });
  });
}
