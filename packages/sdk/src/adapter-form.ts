/** The two forms of a tool, the same in every adapter: one call that is described, or calls that a function makes. */
import {
  previewToolRequest,
  readToolAnswer,
  runTool,
  sendToolRequest,
  type ToolExecution,
  type ToolRequest,
  type ToolScope,
} from "./adapter.ts";
import type { VaultCalls } from "./bound-vault.ts";
import { AlterValueError } from "./errors.ts";
import type { Preview } from "./preview.ts";

export interface RequestForm<Input, Output> {
  /** The call for an input the schema has accepted. */
  readonly request: (input: Input) => ToolRequest | Promise<ToolRequest>;
  /**
   * What the tool gives back of the provider's answer. Everything of it goes to the model, and to wherever the framework
   * keeps results. Default: the answer's JSON or text.
   */
  readonly output?: ((response: Response, input: Input) => Output | Promise<Output>) | undefined;
  readonly execute?: undefined;
}

export interface ExecuteForm<Input, Output> {
  /**
   * Makes calls with the `vault` it is handed, the same ones in the same order each time: when the tool call is run again,
   * calls that change something are answered from what the vault has recorded.
   */
  readonly execute: (input: Input, execution: ToolExecution) => Output | Promise<Output>;
  readonly request?: undefined;
  readonly output?: undefined;
}

export type ToolForm<Input, Output> = RequestForm<Input, Output> | ExecuteForm<Input, Output>;

/** Throws AlterValueError for a tool of no form, or of both. */
export function checkToolForm(form: { readonly request?: unknown; readonly execute?: unknown }): void {
  if ((form.request === undefined) !== (form.execute === undefined)) return;
  throw new AlterValueError('A tool needs either "request" or "execute".');
}

/** Runs a tool once. `read` makes a value of an answer for which there is no `output`. */
export function runToolForm<Input, Output>(
  vault: VaultCalls,
  scope: ToolScope,
  form: ToolForm<Input, Output>,
  input: Input,
  read: (response: Response) => Promise<unknown> = readToolAnswer,
): Promise<Output> {
  return runTool(vault, scope, async (execution) => {
    if (form.execute !== undefined) return form.execute(input, execution);
    const response = await sendToolRequest(execution.vault, await form.request(input));
    return form.output === undefined ? ((await read(response)) as Output) : form.output(response, input);
  });
}

/**
 * What the vault would say of the tool's call before it is made; null for a tool of the other form, whose calls nobody
 * knows beforehand. Rejects as `preview()` does.
 */
export async function previewToolForm<Input>(
  vault: VaultCalls,
  scope: ToolScope,
  form: ToolForm<Input, unknown>,
  input: Input,
): Promise<Preview | null> {
  return form.request === undefined ? null : previewToolRequest(vault, scope, await form.request(input));
}
