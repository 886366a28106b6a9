/**
 * Tools for LangChain and LangGraph whose calls go through the vault. A tool translates and adds nothing: ids out of the
 * framework into the audit log, refusals into messages the model can read. It holds no credential, only the vault it was
 * given, in private fields: nothing of it is in state, checkpoints, traces, metadata, or what printing a tool shows.
 */
import {
  describeFailure,
  readToolAnswer,
  runTool,
  sendToolRequest,
  type CredentialOptions,
  type ToolRequest,
  AlterValueError,
  type VaultCalls,
} from "@alter-vault/sdk";
import type { CallbackManagerForToolRun } from "@langchain/core/callbacks/manager";
import { ToolMessage } from "@langchain/core/messages";
import { StructuredTool, type ToolParams, type ToolRunnableConfig } from "@langchain/core/tools";
import type { InferInteropZodInput, InferInteropZodOutput, InteropZodObject } from "@langchain/core/utils/types";
import { graphScope } from "./graph-scope.ts";

const PASSED_ON = ["callbacks", "metadata", "responseFormat", "tags", "verbose", "verboseParsingErrors"] as const;
type PassedOn = Pick<ToolParams, (typeof PASSED_ON)[number]>;

/** What a tool is made of: the vault, which credential, what the model sees, and the call it stands for. */
export interface VaultToolFields<Schema extends InteropZodObject, Output> extends CredentialOptions, PassedOn {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  readonly name: string;
  readonly description: string;
  /** A schema of zod 3 or 4. */
  readonly schema: Schema;
  readonly returnDirect?: boolean;
  /** The call for an input the schema has accepted. */
  readonly request: (input: InferInteropZodOutput<Schema>) => ToolRequest | Promise<ToolRequest>;
  /**
   * What the tool gives back for the provider's answer. Everything of it goes to the model, into state and into traces.
   * Default: the answer's JSON or text.
   */
  readonly output?:
    | ((response: Response, input: InferInteropZodOutput<Schema>) => Output | Promise<Output>)
    | undefined;
}

/**
 * A tool that makes one call through the vault.
 *
 * A failure that was to be expected (a refusal of the vault, an error of the provider, no network) is returned as a
 * ToolMessage of status "error" whose content is `{"error": code, "message", "fix"?, "requestId"?}`. Called without a
 * tool call, the tool throws it instead. Aborts, interrupts, and mistakes of the program are always thrown.
 */
export class VaultTool<Schema extends InteropZodObject, Output = unknown> extends StructuredTool<
  Schema,
  InferInteropZodOutput<Schema>,
  InferInteropZodInput<Schema>,
  Output
> {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  readonly #vault: VaultCalls;
  readonly #request: VaultToolFields<Schema, Output>["request"];
  readonly #output: VaultToolFields<Schema, Output>["output"];

  /** Throws AlterValueError for wrong options. */
  constructor(fields: VaultToolFields<Schema, Output>) {
    const { vault, name, description, schema, request, output } = fields;
    const { grantId, connectionId, provider, account } = fields;
    super({ ...passedOn(fields), defaultConfig: { runName: name } });
    if (fields.responseFormat === "content_and_artifact" && output === undefined) {
      throw new AlterValueError(
        'responseFormat "content_and_artifact" needs an "output" that gives [content, artifact].',
      );
    }
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.returnDirect = fields.returnDirect ?? false;
    this.#vault = vault.with({ grantId, connectionId, provider, account });
    this.#request = request;
    this.#output = output;
  }

  static override lc_name(): string {
    return "VaultTool";
  }

  protected override async _call(
    input: InferInteropZodOutput<Schema>,
    runManager?: CallbackManagerForToolRun,
    config?: ToolRunnableConfig,
  ): Promise<Output> {
    const scope = graphScope(this.name, runManager, config);
    const answersToolCall = config?.toolCall?.id !== undefined;
    try {
      return await runTool(this.#vault, scope, async ({ vault }) => {
        const response = await sendToolRequest(vault, await this.#request(input));
        if (this.#output !== undefined) return this.#output(response, input);
        const answer = await readToolAnswer(response);
        // As text, because LangChain reads meaning into values: a list of objects with a "type" would be content blocks.
        return (answersToolCall && typeof answer !== "string" ? JSON.stringify(answer) : answer) as Output;
      });
    } catch (error) {
      const failure = scope.signal?.aborted === true ? null : describeFailure(error);
      if (failure === null || !answersToolCall) throw error;
      const { code, message, fix, requestId } = failure;
      const content = JSON.stringify({ error: code, message, fix, requestId });
      const refused: unknown = new ToolMessage({
        status: "error",
        name: this.name,
        tool_call_id: String(config?.toolCall?.id),
        content,
      });
      // The framework takes a ToolMessage from every tool, which its types do not say.
      return (this.responseFormat === "content_and_artifact" ? [refused, undefined] : refused) as Output;
    }
  }
}

/** What is handed to the class above is kept there in the open, so it gets these and nothing else. */
function passedOn(fields: PassedOn): PassedOn {
  return Object.fromEntries(PASSED_ON.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]));
}

/**
 * Makes a tool of one call through the vault.
 *
 * @example
 * const listIssues = vaultTool({
 *   vault,
 *   provider: "github",
 *   name: "list_issues",
 *   description: "Lists the open issues of a repository.",
 *   schema: z.object({ owner: z.string(), repo: z.string() }),
 *   request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
 * });
 */
export function vaultTool<Schema extends InteropZodObject, Output = unknown>(
  fields: VaultToolFields<Schema, Output>,
): VaultTool<Schema, Output> {
  return new VaultTool(fields);
}
