import type { AuditEntry } from "@alter-vault/protocol";

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend(auditMatchers)` of vitest and jest. */
export interface AuditMatchers {
  /** Of a list of entries: one of them has all of these values. */
  toContainEntry(entries: readonly AuditEntry[], wanted: object): MatcherResult;
  /** Of a list of entries: the provider was called so many times, by calls that have all of these values. */
  toHaveCalledProvider(entries: readonly AuditEntry[], times: number, wanted?: object): MatcherResult;
}

export const auditMatchers: AuditMatchers = {
  toContainEntry(entries, wanted) {
    const pass = entries.some((entry) => isLike(entry, wanted));
    return { pass, message: () => `${describe(entries)}\n${pass ? "has" : "does not have"} one like ${show(wanted)}` };
  },
  toHaveCalledProvider(entries, times, wanted = {}) {
    const count = entries.filter((entry) => entry.outcome === "provider" && isLike(entry, wanted)).length;
    return { pass: count === times, message: () => `${describe(entries)}\nthe provider was called ${count} times` };
  },
};

/** Whether a value has all that another one has, however deep. */
function isLike(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return Object.is(value, wanted);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(wanted).every(([name, part]) => isLike(Reflect.get(value, name), part));
}

function describe(entries: readonly AuditEntry[]): string {
  const lines = entries.map(({ action, decision, outcome, status, method, url, context }) =>
    [action, decision, outcome, status, method, url, show(context)].join(" "),
  );
  return `the log has ${entries.length} entries:\n${lines.join("\n")}`;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
