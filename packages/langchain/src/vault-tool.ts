/**
 * Tools for LangChain and LangGraph whose calls go through the vault. A tool translates and adds nothing: ids out of the
 * framework into the audit log, "somebody must act first" into the framework's own pause, refusals into messages the model
 * can read. It holds no credential, only the vault it was given, in private fields: nothing of it is in state,
 * checkpoints, traces, metadata, or what printing a tool shows.
 */
import {
  AlterValueError,
  attemptTool,
  checkToolForm,
  readToolAnswer,
  toolVault,
  type CredentialOptions,
  type ToolForm,
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

/** What a tool is made of: the vault, which credential, what the model sees, and the call it stands for. */
export type VaultToolFields<Schema extends InteropZodObject, Output> = SharedFields<Schema> &
  ToolForm<InferInteropZodOutput<Schema>, Output>;

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
    const { name, description, schema } = fields;
    super({ ...passedOn(fields), defaultConfig: { runName: name } });
    checkFields(fields);
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.returnDirect = fields.returnDirect ?? false;
    this.#vault = toolVault(fields);
    this.#fields = fields;
  }

  static override lc_name(): string {
    return "VaultTool";
  }

  protected override async _call(
    input: InferInteropZodOutput<Schema>,
    runManager?: CallbackManagerForToolRun,
    config?: ToolRunnableConfig,
  ): Promise<Output> {
    const toolCall = toolCallId(config);
    const read = toolCall === undefined ? readToolAnswer : readAsText;
    for (;;) {
      const tried = await attemptTool(
        this.#vault,
        graphScope(this.name, runManager, config),
        this.#fields,
        input,
        read,
      );
      if (tried.ok) return tried.value;
      const { action } = tried;
      const pause = action && pauseWith(config, this.#fields.interrupt);
      if (pause && askToAct(pause, action, this.name, toolCall)) continue;
      if (toolCall === undefined) throw tried.error;
      const content = JSON.stringify(tried.told);
      const message: unknown = new ToolMessage({ status: "error", name: this.name, tool_call_id: toolCall, content });
      // The framework takes a ToolMessage from every tool, which its types do not say.
      return (this.responseFormat === "content_and_artifact" ? [message, undefined] : message) as Output;
    }
  }
}

function checkFields<Schema extends InteropZodObject, Output>(fields: VaultToolFields<Schema, Output>): void {
  checkToolForm(fields);
  const { execute, output, responseFormat } = fields;
  if (responseFormat === "content_and_artifact" && output === undefined && execute === undefined) {
    throw new AlterValueError(
      'responseFormat "content_and_artifact" needs an "output" that gives [content, artifact].',
    );
  }
}

/** Because LangChain reads meaning into values: a list of objects with a "type" would be content blocks. */
async function readAsText(response: Response): Promise<string> {
  const answer = await readToolAnswer(response);
  return typeof answer === "string" ? answer : JSON.stringify(answer);
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
