/**
 * Pausing a graph until somebody has acted. The value of the interrupt is kept in checkpoints, so it holds a link that
 * works once and nothing else that is worth having. What the graph is resumed with is not believed: resume values are
 * matched by order, and one for a connection may come where one for an approval is expected. The tool makes its call
 * again and asks the vault. Only a "no" is taken at its word.
 */
import type { ActionRequired } from "@alter-vault/sdk";
import type { GraphConfig } from "./graph-scope.ts";

/** LangGraph's own `interrupt`. */
export type Interrupt = (value: unknown) => unknown;

/** What a graph is interrupted with. Resume with anything, or with `{ id, declined: true }` for a no. */
export interface VaultInterrupt extends ActionRequired {
  /** The same each time the same thing is asked. */
  readonly id: string;
  readonly tool: string;
  readonly toolCallId: string | null;
}

/** Null where the graph cannot pause: outside of one, and without a checkpointer. */
export function pauseWith(config: GraphConfig | undefined, own: Interrupt | undefined): Interrupt | null {
  if (!config?.configurable?.["__pregel_checkpointer"]) return null;
  return typeof config.interrupt === "function" ? (config.interrupt as Interrupt) : (own ?? null);
}

/** Throws LangGraph's interrupt the first time, and comes back when the graph goes on: whether to try again. */
export function pauseFor<Value extends { readonly id: string }>(pause: Interrupt, value: Value): boolean {
  const answer = pause(value);
  if (typeof answer !== "object" || answer === null) return true;
  return Reflect.get(answer, "declined") !== true || Reflect.get(answer, "id") !== value.id;
}

/** The same for what a tool call waits for. */
export function askToAct(
  pause: Interrupt,
  action: ActionRequired,
  tool: string,
  toolCall: string | undefined,
): boolean {
  const id = `${action.type}:${action.approvalId ?? toolCall ?? tool}`;
  return pauseFor(pause, { ...action, id, tool, toolCallId: toolCall ?? null } satisfies VaultInterrupt);
}
