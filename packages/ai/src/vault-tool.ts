/**
 * Tools for the Vercel AI SDK whose calls go through the vault. A tool translates and adds nothing: ids out of the SDK
 * into the audit log, "somebody must act first" into a part of the stream, refusals into values the model can read. It
 * holds no credential, only the vault it was given, in its closure: nothing of it is in results, telemetry, or what
 * printing a tool shows.
 *
 * One source for versions 5, 6 and 7, of which it uses types only.
 */
import {
  attemptTool,
  checkToolForm,
  toolVault,
  watchGenerations,
  type ActionRequired,
  type CredentialOptions,
  type ToolForm,
  type VaultCalls,
} from "@alter-vault/sdk";
import type { Tool } from "ai";
import { toolScope, type ToolOptions } from "./tool-scope.ts";
import { rememberAsking } from "./vault-approval.ts";
import { failedOutput, toModelOutput, type VaultOutput } from "./vault-output.ts";

interface SharedOptions<Input> extends CredentialOptions {
  /** An AlterVault or a view of one. */
  readonly vault: VaultCalls;
  readonly description: string;
  /** A schema of zod, a standard schema, or one of `jsonSchema()`. */
  readonly inputSchema: Tool<Input>["inputSchema"];
  /**
   * Milliseconds to wait, with a card in the UI, for a user who must connect an account or somebody who must approve.
   * Default: 0, the tool gives back what must be done, and the next turn of the chat tries again.
   */
  readonly waitForUser?: number | undefined;
}

export type VaultToolOptions<Input, Data> = SharedOptions<Input> & ToolForm<Input, Data>;

interface Tried<Data> {
  readonly output: VaultOutput<Data>;
  readonly action: ActionRequired | null;
}

/**
 * Makes a tool whose calls go through the vault: of one call with `request`, or of as many as you like with `execute`.
 *
 * A failure that was to be expected (a refusal of the vault, an error of the provider, no network) is returned as
 * `{ ok: false, error }`, and with `action` where somebody can do something about it. With `waitForUser` that is a
 * preliminary result, and the tool goes on when it was done. Aborts and mistakes of the program are thrown. Throws
 * AlterValueError for wrong options.
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
  const { description, inputSchema, waitForUser = 0 } = options;
  checkToolForm(options);
  const view = toolVault(options);
  watchGenerations();

  async function attempt(input: Input, execution: ToolOptions): Promise<Tried<Data>> {
    const tried = await attemptTool(view, toolScope(execution), options, input);
    return tried.ok
      ? { output: { ok: true, data: tried.value }, action: null }
      : { output: failedOutput(tried.told, tried.action), action: tried.action };
  }

  async function* attemptUntilDone(input: Input, execution: ToolOptions): AsyncGenerator<VaultOutput<Data>> {
    const endsAt = performance.now() + waitForUser;
    for (;;) {
      const { output, action } = await attempt(input, execution);
      const leftMs = endsAt - performance.now();
      if (action === null || leftMs < 1) return yield output;
      yield { ...output, ok: false, waiting: true } as VaultOutput<Data>;
      const isDone = await view.waitFor(action, { timeout: leftMs, signal: execution.abortSignal });
      if (!isDone) return yield output;
    }
  }

  const tool: Tool<Input, VaultOutput<Data>> = {
    description,
    inputSchema,
    execute:
      waitForUser > 0
        ? attemptUntilDone
        : async (input: Input, execution: ToolOptions) => (await attempt(input, execution)).output,
    toModelOutput,
  };
  rememberAsking(tool, view, options);
  return tool;
}
