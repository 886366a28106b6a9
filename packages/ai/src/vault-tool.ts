/**
 * Tools for the Vercel AI SDK whose calls go through the vault. A tool translates and adds nothing: ids out of the SDK
 * into the audit log, refusals into values the model can read. It holds no credential, only the vault it was given, in
 * its closure: nothing of it is in results, telemetry, or what printing a tool shows.
 *
 * One source for versions 5, 6 and 7, of which it uses types only.
 */
import {
  describeFailure,
  readToolAnswer,
  resolveIds,
  runTool,
  sendToolRequest,
  type CredentialOptions,
  type SafeFailure,
  type ToolRequest,
  type ToolScope,
  type VaultCalls,
} from "@alter-vault/sdk";
import type { JSONValue, Tool } from "ai";
import { currentGeneration, watchGenerations } from "./generation.ts";

/** What a tool gives back. The model sees `data` alone, or `error`; your code and the UI see all of it. */
export type VaultOutput<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: Pick<SafeFailure, "code" | "message" | "fix" | "requestId"> };

export interface VaultToolOptions<Input, Data> extends CredentialOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  readonly description: string;
  /** A schema of zod, a standard schema, or one of `jsonSchema()`. */
  readonly inputSchema: Tool<Input>["inputSchema"];
  /** The call for an input the schema has accepted. */
  readonly request: (input: Input) => ToolRequest | Promise<ToolRequest>;
  /**
   * What the tool gives back of the provider's answer. All of it goes to the model, the UI and telemetry.
   * Default: the answer's JSON or text.
   */
  readonly output?: ((response: Response, input: Input) => Data | Promise<Data>) | undefined;
}

interface ExecuteOptions {
  readonly toolCallId: string;
  readonly abortSignal?: AbortSignal | undefined;
  /** Version 7. */
  readonly context?: unknown;
  /** Versions 5 and 6. */
  readonly experimental_context?: unknown;
}

/**
 * Makes a tool of one call through the vault.
 *
 * A failure that was to be expected (a refusal of the vault, an error of the provider, no network) is returned as
 * `{ ok: false, error }`. Aborts and mistakes of the program are thrown. Throws AlterValueError for wrong options.
 *
 * @example
 * const listIssues = vaultTool({
 *   vault,
 *   provider: "github",
 *   description: "Lists the open issues of a repository.",
 *   inputSchema: z.object({ owner: z.string(), repo: z.string() }),
 *   request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
 * });
 */
export function vaultTool<Input, Data = unknown>(
  options: VaultToolOptions<Input, Data>,
): Tool<Input, VaultOutput<Data>> {
  const { vault, description, inputSchema, request, output, grantId, connectionId, provider, account } = options;
  const view = vault.with({ grantId, connectionId, provider, account });
  watchGenerations();
  return {
    description,
    inputSchema,
    async execute(input: Input, execution: ExecuteOptions): Promise<VaultOutput<Data>> {
      try {
        const data = await runTool(view, toolScope(execution), async ({ vault: bound }) => {
          const response = await sendToolRequest(bound, await request(input));
          return output === undefined ? ((await readToolAnswer(response)) as Data) : output(response, input);
        });
        return { ok: true, data };
      } catch (error) {
        const failure = execution.abortSignal?.aborted === true ? null : describeFailure(error);
        if (failure === null) throw error;
        const { code, message, fix, requestId } = failure;
        const more = { ...(fix === undefined ? {} : { fix }), ...(requestId === undefined ? {} : { requestId }) };
        return { ok: false, error: { code, message, ...more } };
      }
    },
    toModelOutput,
  };
}

/**
 * The ids of a tool call. The run id is the first there is of: `vault.runId` in the context of the call, that of the
 * enclosing `withContext()`, that of the generation. Where there is none, the vault's SDK makes a new one for the call.
 */
function toolScope({
  toolCallId,
  abortSignal,
  context,
  experimental_context: olderContext,
}: ExecuteOptions): ToolScope {
  const given = vaultOf(context) ?? vaultOf(olderContext) ?? {};
  const { runId, step, tool } = currentGeneration();
  return {
    framework: "ai-sdk",
    tool,
    ids: resolveIds({ explicit: given, framework: { toolCallId }, automatic: { runId } }),
    context: { step },
    signal: abortSignal,
  };
}

function vaultOf(context: unknown): { readonly runId?: unknown; readonly threadId?: unknown } | undefined {
  return isObject(context) && isObject(context.vault) ? context.vault : undefined;
}

/**
 * Version 5 hands over the output itself, later ones an object with it. It may be anything: chat histories come back
 * from browsers.
 */
function toModelOutput(
  given: unknown,
): { type: "text"; value: string } | { type: "json" | "error-json"; value: JSONValue } {
  const output = isObject(given) && "output" in given ? given.output : given;
  if (isObject(output) && output.ok === false)
    return { type: "error-json", value: (output.error ?? null) as JSONValue };
  const data = isObject(output) && output.ok === true ? output.data : output;
  if (typeof data === "string") return { type: "text", value: data };
  return { type: "json", value: (data ?? null) as JSONValue };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null;
}
