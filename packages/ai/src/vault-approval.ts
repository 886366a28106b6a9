import { AlterValueError, previewToolForm, type Preview, type ToolForm, type VaultCalls } from "@alter-vault/sdk";
import { toolScope, type ToolOptions } from "./tool-scope.ts";

/** Asks the vault about a tool call that is about to be made; null: only its execution tells what it calls. */
type AskVault = (input: unknown, options: ToolOptions) => Promise<Preview | null>;

type ApprovalStatus = undefined | "user-approval" | { readonly type: "denied"; readonly reason: string };

/** How each of our tools asks the vault. Kept beside the tools: nothing of it is in what a tool shows. */
const asking = new WeakMap<object, AskVault>();

/** Remembers how a tool asks. `view` is the vault of its calls, with its credential. */
export function rememberAsking<Input>(tool: object, view: VaultCalls, form: ToolForm<Input, unknown>): void {
  asking.set(tool, (input, options) => previewToolForm(view, toolScope(options), form, input as Input));
}

/**
 * A `toolApproval` for version 7 of the AI SDK that asks the vault before a tool of `vaultTool()` is executed: where a rule
 * asks for an approval the user is asked in the chat, and where the vault would refuse the call it is denied with the
 * reason. When the vault cannot be asked, the user is. Tools of others, and those with `execute`, are left alone.
 *
 * It is for the chat alone. The vault decides again when the call is made: a yes in the chat, or in a history that a
 * browser sends, is not the yes of the vault's approvers, and the tool then says where those can give it.
 *
 * @example
 * streamText({ model, messages, tools, toolApproval: vaultApproval(tools) });
 */
export function vaultApproval<Tools extends Readonly<Record<string, object>>>(
  tools: Tools,
): { [Name in keyof Tools]?: (input: unknown, options: ToolOptions) => Promise<ApprovalStatus> } {
  const approvals: { [Name in keyof Tools]?: (input: unknown, options: ToolOptions) => Promise<ApprovalStatus> } = {};
  for (const name in tools) {
    const tool = tools[name];
    const ask = tool && asking.get(tool);
    if (ask !== undefined) approvals[name] = async (input, options) => statusOf(await asked(ask, input, options));
  }
  return approvals;
}

/**
 * The same as `needsApproval` of a tool, which is what version 6 of the AI SDK has. It knows no refusal: a call that the
 * vault would refuse is made, and the tool gives back what the vault says. Version 5 has no approvals. Throws
 * AlterValueError for a tool that is not of `vaultTool()`, such as a copy of one.
 *
 * @example
 * generateText({ model, prompt, tools: { pay: { ...pay, needsApproval: vaultNeedsApproval(pay) } } });
 */
export function vaultNeedsApproval(tool: object): (input: unknown, options: ToolOptions) => Promise<boolean> {
  const ask = asking.get(tool);
  if (ask === undefined)
    throw new AlterValueError("vaultNeedsApproval() needs the very tool that vaultTool() has made.");
  return async (input, options) => statusOf(await asked(ask, input, options)) === "user-approval";
}

/** Whatever goes wrong here must not end the generation; what is wrong is told when the tool is executed. */
function asked(ask: AskVault, input: unknown, options: ToolOptions): Promise<Preview | null | "unknown"> {
  return ask(input, options).catch(() => "unknown" as const);
}

function statusOf(preview: Preview | null | "unknown"): ApprovalStatus {
  if (preview === null) return undefined;
  if (preview === "unknown") return "user-approval";
  switch (preview.decision) {
    case "allowed":
    // The tool itself shows the card to connect.
    case "connect_required":
      return undefined;
    case "approval_required":
      return "user-approval";
    case "denied":
      // What passes by itself is for the tool to say: to the model a denial is a no.
      return preview.retryable ? undefined : { type: "denied", reason: preview.reason };
  }
}
