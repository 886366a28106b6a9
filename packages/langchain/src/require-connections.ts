import { AlterValueError, missingConnections, type ActionRequired, type ConnectionNeeds } from "@alter-vault/sdk";
import type { GraphConfig } from "./graph-scope.ts";
import { pauseFor, pauseWith, type Interrupt } from "./pause.ts";

/** What a graph is interrupted with when accounts are missing before it begins. */
export interface ConnectionsInterrupt {
  readonly type: "connections_required";
  readonly id: "connections_required";
  /** Everything that is missing, each with its link. */
  readonly actions: readonly ActionRequired[];
}

export interface RequireConnectionsOptions extends ConnectionNeeds {
  /** Only for LangGraph before 1.0: its own `interrupt`. */
  readonly interrupt?: Interrupt | undefined;
}

/**
 * A node to begin a graph with: asks for all missing connections at once, before a long run starts, and pauses the graph
 * until they are there. Throws AlterValueError where the graph has no checkpointer, or the user says no.
 *
 * @example
 * graph.addNode("connections", requireConnections({ vault, needs: [{ provider: "google", scopes: ["calendar"] }] }));
 */
export function requireConnections(
  options: RequireConnectionsOptions,
): (state: unknown, config?: GraphConfig) => Promise<Record<string, never>> {
  return async (_state, config) => {
    for (;;) {
      const actions = await missingConnections(options);
      if (actions.length === 0) return {};
      const pause = pauseWith(config, options.interrupt);
      if (pause === null)
        throw new AlterValueError("Accounts are not connected, and a graph without a checkpointer cannot wait.");
      const id = "connections_required";
      if (!pauseFor(pause, { type: id, id, actions } satisfies ConnectionsInterrupt))
        throw new AlterValueError("The user declined to connect what the run needs.");
    }
  };
}
