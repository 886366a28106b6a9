import type { PolicyHead, StopRecord } from "../store/policy-records.ts";
import type { PolicyFacts } from "./facts.ts";
import { providerName } from "./facts/provider-name.ts";

type Stoppable = Pick<PolicyFacts, "agents" | "userId" | "provider" | "claims">;

/** The kill switch that holds a call, if there is one. Runs and threads are what the caller says they are. */
export function findStop({ stops }: PolicyHead, { agents, userId, provider, claims }: Stoppable): StopRecord | null {
  if (stops.length === 0) return null;
  const names: Readonly<Record<StopRecord["kind"], readonly (string | null | undefined)[]>> = {
    agent: agents,
    user: [userId],
    provider: [provider],
    run: [claims["run_id"]],
    thread: [claims["thread_id"]],
  };
  return (
    stops.find(({ kind, value }) => names[kind].includes(kind === "provider" ? providerName(value) : value)) ?? null
  );
}
