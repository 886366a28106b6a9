import { WhoAmI, type Scope } from "@alter-vault/protocol";
import { AgentKeyRequiredError } from "./agent-errors.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";

/** The agent whose key signs. */
export interface MeResult {
  readonly agentId: string;
  readonly name: string;
  /** `me()` answers also while the agent is paused. */
  readonly status: "active" | "paused" | "revoked";
  readonly appId: string;
  readonly appName: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

export async function me(core: Core, options: RouteOptions = {}): Promise<MeResult> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const { agent, ...key } = await callRoute(core, "whoami", { ...options, answer: WhoAmI });
  if (agent === null) {
    throw new AgentKeyRequiredError(
      "me() is for keys of agents, and this key is the app's own. Make one with vault.agents.mintKey(), or use whoami().",
    );
  }
  return {
    agentId: agent.agent_id,
    name: agent.name,
    status: agent.status,
    appId: key.app_id,
    appName: key.app_name,
    keyId: key.key_id,
    scopes: key.scopes,
  };
}
