/** What a policy says without being told, by the name of the field. No name stands for anything else elsewhere. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  format: 1,
  enabled: true,
  not: false,
  match: "any",
  ignore_case: false,
  operator: false,
  quorum: 1,
  expires_in_seconds: 3600,
  allow_self_approval: false,
};
const EMPTY: ReadonlySet<string> = new Set(["when", "holidays", "cedar"]);

/** A policy, or a part of one, as somebody would write it: without what goes without saying. Read again it is the same. */
export function shortPolicy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortPolicy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      if (Object.hasOwn(DEFAULTS, name) && DEFAULTS[name] === inner) return [];
      return EMPTY.has(name) && isEmpty(inner) ? [] : [[name, shortPolicy(inner)]];
    }),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
