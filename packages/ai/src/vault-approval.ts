import type { ToolIds } from "@alter-vault/sdk";
import { toolScope } from "./tool-scope.ts";

/** What the vault would decide about a call, before it is made. */
export type PolicyPreview =
  | { readonly effect: "allow" }
  | { readonly effect: "deny"; readonly reason?: string | undefined }
  | { readonly effect: "approval"; readonly reason?: string | undefined };

/** Asks the vault's policy about a tool call. Makes no call to a provider. */
export type AskPolicy = (tool: string, input: unknown, ids: ToolIds) => Promise<PolicyPreview>;

type ApprovalStatus = undefined | "user-approval" | { readonly type: "denied"; readonly reason: string };

/**
 * A `toolApproval` for version 7 of the AI SDK that asks the vault's policy before a tool is executed, so that the user is
 * asked in the chat. It is for the UI alone: the vault decides again when the call is made, whatever a chat history that
 * comes back from a browser says. When the policy cannot be asked, the user is.
 *
 * @example
 * streamText({ model, messages, tools, toolApproval: vaultApproval(Object.keys(tools), askPolicy) });
 */
export function vaultApproval<Name extends string>(
  tools: readonly Name[],
  ask: AskPolicy,
): Record<Name, (input: unknown, options: { readonly toolCallId: string }) => Promise<ApprovalStatus>> {
  const entries = tools.map((tool) => {
    const approve = async (input: unknown, options: { readonly toolCallId: string }): Promise<ApprovalStatus> => {
      const preview = await ask(tool, input, toolScope(options).ids).catch((): PolicyPreview => ({
        effect: "approval",
      }));
      switch (preview.effect) {
        case "allow":
          return undefined;
        case "approval":
          return "user-approval";
        case "deny":
          return { type: "denied", reason: preview.reason ?? "A policy of the vault denies the call." };
      }
    };
    return [tool, approve] as const;
  });
  return Object.fromEntries(entries) as Record<Name, (typeof entries)[number][1]>;
}
