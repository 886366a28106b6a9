import type { Window } from "./measure.ts";
import { median } from "./statistics.ts";
import type { SystemName } from "./systems/system.ts";

/** All windows: by round, by number of connections (in the order of `connections`), by system. */
export interface Rounds {
  readonly connections: readonly number[];
  readonly rounds: readonly (readonly ReadonlyMap<SystemName, Window>[])[];
}

export type Ratios = Readonly<Record<string, number | null>>;

const AGAINST: readonly { readonly name: string; readonly of: SystemName; readonly to: SystemName }[] = [
  { name: "proxy_vs_injector", of: "vault_proxy", to: "injector" },
  { name: "retrieve_vs_injector", of: "vault_retrieve", to: "injector" },
  { name: "proxy_vs_nginx", of: "vault_proxy", to: "nginx" },
  { name: "postgres_vs_sqlite", of: "vault_postgres", to: "vault_proxy" },
];
const ADDED: readonly { readonly name: string; readonly of: SystemName }[] = [
  { name: "added_p50_ms", of: "vault_proxy" },
  { name: "retrieve_added_p50_ms", of: "vault_retrieve" },
  { name: "injector_added_p50_ms", of: "injector" },
];

/**
 * Each ratio is taken within a round; what counts is the median over the rounds. `x_vs_y` are requests per second,
 * `added_p50_ms` is the median latency less that of the direct call. A ratio with a failed call in it is null; one with
 * a system that is not there is left out.
 */
export function ratiosOf({ connections, rounds }: Rounds): Ratios {
  const ratios: Record<string, number | null> = {};
  connections.forEach((count, index) => {
    const over = (name: string, of: SystemName, to: SystemName, value: (of: Window, to: Window) => number): void => {
      const values = rounds.flatMap((round) => {
        const [one, other] = [round[index]?.get(of), round[index]?.get(to)];
        return one && other ? [one.failures + other.failures > 0 ? Number.NaN : value(one, other)] : [];
      });
      if (values.length > 0) ratios[`${name}_c${count}`] = rounded(values);
    };
    for (const { name, of, to } of AGAINST) over(name, of, to, (one, other) => one.rps / other.rps);
    if (count === 1) {
      over("postgres_p50_vs_sqlite", "vault_postgres", "vault_proxy", (one, other) => one.p50Ms / other.p50Ms);
      for (const { name, of } of ADDED) over(name, of, "direct", (one, other) => one.p50Ms - other.p50Ms);
    }
  });
  return ratios;
}

function rounded(values: readonly number[]): number | null {
  return values.some(Number.isNaN) ? null : Math.round(median(values) * 10_000) / 10_000;
}
