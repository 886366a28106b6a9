import { ROUTES, type Route, type RouteId } from "@alter-vault/protocol";

/** Finds the endpoint of a method and path. A path that exists for other methods is told apart from one that does not. */
export type MatchedRoute =
  | { readonly found: "route"; readonly id: RouteId; readonly param: string }
  | { readonly found: "path"; readonly allow: string }
  | { readonly found: "nothing" };

interface Compiled {
  readonly id: RouteId;
  readonly method: string;
  readonly pattern: RegExp;
}

const COMPILED: readonly Compiled[] = (Object.entries(ROUTES) as [RouteId, Route][])
  // Fixed paths before those with a parameter: /v1/audit/export is not the entry called "export".
  .toSorted(([, a], [, b]) => Number(a.path.includes("{")) - Number(b.path.includes("{")))
  .map(([id, { method, path }]) => ({
    id,
    method,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/, "([^/]{1,200})")}$`),
  }));

export function matchRoute(method: string, path: string): MatchedRoute {
  const allowed: string[] = [];
  for (const { id, method: wanted, pattern } of COMPILED) {
    const match = pattern.exec(path);
    if (!match) continue;
    if (wanted === method) return { found: "route", id, param: match[1] ?? "" };
    allowed.push(wanted);
  }
  return allowed.length > 0 ? { found: "path", allow: allowed.join(", ") } : { found: "nothing" };
}
