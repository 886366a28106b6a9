import type { PolicyRequest } from "@alter-vault/protocol";
import type { Options } from "../options.ts";
import { percentile } from "../statistics.ts";
import { CEDAR, CEDAR_AMONG_500, RULES_1, RULES_100, RULES_1000, type MeasuredPolicy } from "./policies.ts";
import { loadPolicyInternals, type PolicyInternals } from "./policy-internals.ts";

/** What a decision takes at the median, in microseconds. */
export interface PolicyTimes {
  readonly rules_1_us: number;
  readonly rules_100_us: number;
  readonly rules_1000_us: number;
  readonly cedar_us: number;
}

/** So that nothing is decided twice in a row. */
const CALLS = 64;
const WARM_UP = 20_000;

/** The third part: one decision by a policy, reading of the call, its path, query and body included. */
export async function runPolicy(options: Options): Promise<{ policy: PolicyTimes }> {
  const internals = await loadPolicyInternals();
  const decisions = options.quick ? 5_000 : 50_000;
  const measure = ({ name, document }: MeasuredPolicy): number => {
    const policy = internals.preparePolicy(document);
    const time = medianOf(internals, policy, decisions);
    policy.cedar.close();
    console.log(`${name.padEnd(42)} ${time.toFixed(1).padStart(8)} us`);
    return time;
  };
  console.log("One decision, reading the call included, at the median\n");
  const times = {
    rules_1_us: measure(RULES_1),
    rules_100_us: measure(RULES_100),
    rules_1000_us: measure(RULES_1000),
    cedar_us: measure(CEDAR),
  };
  measure(CEDAR_AMONG_500);
  return { policy: times };
}

function medianOf(
  { hypotheticalFacts, decidePolicy }: PolicyInternals,
  policy: Parameters<PolicyInternals["decidePolicy"]>[0],
  decisions: number,
): number {
  const calls = Array.from({ length: CALLS }, (_, at) => callOf(at));
  const decide = (at: number): void => {
    const facts = hypotheticalFacts(calls[at % CALLS] ?? callOf(at));
    const decision = facts && decidePolicy(policy, facts);
    if (decision?.effect !== "pass") throw new Error(`call ${at} was not to be denied: ${JSON.stringify(decision)}`);
  };
  for (let at = 0; at < WARM_UP; at++) decide(at);
  const times = new Float64Array(decisions);
  for (let at = 0; at < decisions; at++) {
    const started = process.hrtime.bigint();
    decide(at);
    times[at] = Number(process.hrtime.bigint() - started) / 1000;
  }
  return Number(percentile(times.sort(), 0.5).toFixed(2));
}

function callOf(at: number): PolicyRequest {
  return {
    method: at % 2 === 0 ? "POST" : "GET",
    url: `https://api.example.com/v1/accounts/${at}/payments?dry_run=${at % 3}`,
    ...(at % 2 === 0 ? { body: bodyOf(at), headers: { "content-type": "application/json" } } : {}),
    provider: "demo",
    agent: "agent",
    groups: ["finance", "everybody"],
    source_ip: `10.0.0.${at}`,
    at: new Date(Date.UTC(2026, 10, 25, 12, at)).toISOString(),
    claims: { tool: "create_payment", run_id: `run-${at}` },
  };
}

function bodyOf(at: number): string {
  return JSON.stringify({ amount: at, currency: "EUR", to: { iban: "fake-iban", name: "Ada" }, note: "for the tea" });
}
