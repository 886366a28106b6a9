/**
 * Tools for LangChain and LangGraph whose calls go through the vault. A tool translates and adds nothing: ids out of the
 * framework into the audit log, "somebody must act first" into the framework's own pause, refusals into messages the model
 * can read. It holds no credential, only the vault it was given, in private fields: nothing of it is in state,
 * checkpoints, traces, metadata, or what printing a tool shows.
 */
import {
  AlterValueError,
  describeFailure,
  failureForModel,
  readToolAnswer,
  runTool,
  sendToolRequest,
  type ActionRequired,
  type CredentialOptions,
  type SafeFailure,
  type ToolExecution,
  type ToolRequest,
  type VaultCalls,
} from "@alter-vault/sdk";
import type { CallbackManagerForToolRun } from "@langchain/core/callbacks/manager";
import { ToolMessage } from "@langchain/core/messages";
import { StructuredTool, type ToolParams, type ToolRunnableConfig } from "@langchain/core/tools";
import type { InferInteropZodInput, InferInteropZodOutput, InteropZodObject } from "@langchain/core/utils/types";
import { graphScope, toolCallId } from "./graph-scope.ts";
import { askToAct, pauseWith, type Interrupt } from "./pause.ts";

const PASSED_ON = ["callbacks", "metadata", "responseFormat", "tags", "verbose", "verboseParsingErrors"] as const;
type PassedOn = Pick<ToolParams, (typeof PASSED_ON)[number]>;
type Given<Schema extends InteropZodObject> = InferInteropZodOutput<Schema>;

interface SharedFields<Schema extends InteropZodObject> extends CredentialOptions, PassedOn {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  readonly name: string;
  readonly description: string;
  /** A schema of zod 3 or 4. */
  readonly schema: Schema;
  readonly returnDirect?: boolean;
  /** Only for LangGraph before 1.0, which does not hand it to tools: its own `interrupt`. */
  readonly interrupt?: Interrupt | undefined;
}

/** A tool that stands for one call. */
interface RequestFields<Schema extends InteropZodObject, Output> extends SharedFields<Schema> {
  /** The call for an input the schema has accepted. */
  readonly request: (input: Given<Schema>) => ToolRequest | Promise<ToolRequest>;
  /**
   * What the tool gives back for the provider's answer. Everything of it goes to the model, into state and into traces.
   * Default: the answer's JSON or text.
   */
  readonly output?: ((response: Response, input: Given<Schema>) => Output | Promise<Output>) | undefined;
  readonly execute?: undefined;
}

/** A tool that makes calls as it likes. */
interface ExecuteFields<Schema extends InteropZodObject, Output> extends SharedFields<Schema> {
  /**
   * Makes calls with the `vault` it is handed, the same ones in the same order each time: after a pause it begins again,
   * and calls that change something are then answered from what the vault has recorded.
   */
  readonly execute: (input: Given<Schema>, execution: ToolExecution) => Output | Promise<Output>;
  readonly request?: undefined;
  readonly output?: undefined;
}

/** What a tool is made of: the vault, which credential, what the model sees, and the call it stands for. */
export type VaultToolFields<Schema extends InteropZodObject, Output> =
  | RequestFields<Schema, Output>
  | ExecuteFields<Schema, Output>;

/**
 * A tool whose calls go through the vault.
 *
 * Where the user must connect an account or somebody must approve, the graph pauses with a {@link VaultInterrupt}, and the
 * tool goes on when it is resumed. Without a checkpointer, and for every other failure that was to be expected, the model
 * gets a ToolMessage of status "error" whose content is `{"error": code, "message", "fix"?, "url"?, "requestId"?}`. Called
 * without a tool call, the tool throws the failure. Aborts, interrupts, and mistakes of the program are always thrown.
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
  readonly #fields: VaultToolFields<Schema, Output>;

  /** Throws AlterValueError for wrong options. */
  constructor(fields: VaultToolFields<Schema, Output>) {
    const { vault, name, description, schema, grantId, connectionId, provider, account } = fields;
    super({ ...passedOn(fields), defaultConfig: { runName: name } });
    checkForm(fields);
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.returnDirect = fields.returnDirect ?? false;
    this.#vault = vault.with({ grantId, connectionId, provider, account });
    this.#fields = fields;
  }

  static override lc_name(): string {
    return "VaultTool";
  }

  protected override async _call(
    input: Given<Schema>,
    runManager?: CallbackManagerForToolRun,
    config?: ToolRunnableConfig,
  ): Promise<Output> {
    const toolCall = toolCallId(config);
    for (;;) {
      const scope = graphScope(this.name, runManager, config);
      try {
        return await runTool(this.#vault, scope, (execution) => this.#run(input, execution, toolCall !== undefined));
      } catch (error) {
        const failure = scope.signal?.aborted === true ? null : describeFailure(error);
        if (failure === null) throw error;
        const action = await this.#vault.actionFor(error, { signal: scope.signal });
        const pause = action && pauseWith(config, this.#fields.interrupt);
        if (pause && askToAct(pause, action, this.name, toolCall)) continue;
        if (toolCall === undefined) throw error;
        return this.#failed(failure, action, toolCall);
      }
    }
  }

  async #run(input: Given<Schema>, execution: ToolExecution, isToolCall: boolean): Promise<Output> {
    const fields = this.#fields;
    if (fields.execute !== undefined) return fields.execute(input, execution);
    const response = await sendToolRequest(execution.vault, await fields.request(input));
    if (fields.output !== undefined) return fields.output(response, input);
    const answer = await readToolAnswer(response);
    // As text, because LangChain reads meaning into values: a list of objects with a "type" would be content blocks.
    return (isToolCall && typeof answer !== "string" ? JSON.stringify(answer) : answer) as Output;
  }

  /** The framework takes a ToolMessage from every tool, which its types do not say. */
  #failed(failure: SafeFailure, action: ActionRequired | null, tool_call_id: string): Output {
    const content = JSON.stringify(failureForModel(failure, action));
    const message: unknown = new ToolMessage({ status: "error", name: this.name, tool_call_id, content });
    return (this.responseFormat === "content_and_artifact" ? [message, undefined] : message) as Output;
  }
}

function checkForm<Schema extends InteropZodObject, Output>(fields: VaultToolFields<Schema, Output>): void {
  const { request, execute, output, responseFormat } = fields;
  if ((request === undefined) === (execute === undefined)) {
    throw new AlterValueError('A tool needs either "request" or "execute".');
  }
  if (responseFormat === "content_and_artifact" && output === undefined && execute === undefined) {
    throw new AlterValueError(
      'responseFormat "content_and_artifact" needs an "output" that gives [content, artifact].',
    );
  }
}

/** What is handed to the class above is kept there in the open, so it gets these and nothing else. */
function passedOn(fields: PassedOn): PassedOn {
  return Object.fromEntries(PASSED_ON.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]));
}

/**
 * Makes a tool whose calls go through the vault: of one call with `request`, or of as many as you like with `execute`.
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
