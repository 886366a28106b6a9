import type { CallPlan } from "../load/call-plan.ts";

/** Something that answers calls and is measured doing so. */
export interface System {
  readonly name: SystemName;
  readonly title: string;
  readonly port: number;
  readonly call: CallPlan;
  /** CPU time so far in microseconds; null where it cannot be told. */
  readonly cpu: () => Promise<number | null>;
}

export type SystemName = "direct" | "injector" | "nginx" | "vault_proxy" | "vault_retrieve" | "vault_postgres";

/** The upstream wants to see it. Nothing but the benchmark knows it. */
export const UPSTREAM_TOKEN = "fake-token-0123456789abcdef0123456789abcdef";
export const UPSTREAM_PATH = "/v1/items/42?fields=id,name";

/** What the upstream answers: about as much as a small record of an API. */
export const UPSTREAM_BODY: string = JSON.stringify({
  id: "42",
  name: "An item of the benchmark",
  notes: "Some text, as records have it. ".repeat(24).trim(),
  tags: ["one", "two", "three"],
});
