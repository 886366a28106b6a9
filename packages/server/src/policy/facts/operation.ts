import type { Operation } from "@alter-vault/providers";
import type { Access } from "../facts.ts";

/** The named call that this is, and what it may do. */
export interface NamedCall {
  readonly operation: string | null;
  readonly access: readonly Access[];
}

export interface Catalogued {
  readonly id: string;
  readonly api: { readonly baseUrl: string };
  readonly operations: readonly Operation[];
}

interface Template {
  readonly id: string;
  readonly access: Access;
  /** Null: any host the credential may go to. */
  readonly host: string | null;
  /** Null stands for any one segment. */
  readonly segments: readonly (string | null)[];
}

/** By method and number of segments. */
type Index = ReadonlyMap<string, readonly Template[]>;

const UNNAMED: Readonly<Record<string, readonly Access[]>> = {
  GET: ["read"],
  HEAD: ["read"],
  OPTIONS: ["read"],
  DELETE: ["destructive"],
};
const UNKNOWN: readonly Access[] = ["write", "destructive"];
const ANYTHING: readonly Access[] = ["read", "write", "destructive"];
const NAMED: Readonly<Record<Access, readonly Access[]>> = {
  read: ["read"],
  write: ["write"],
  destructive: ["destructive"],
};

const indexes = new WeakMap<Catalogued, Index>();

/**
 * Finds a call among the operations of its provider. Of several templates the one with the most fixed text wins. Calls of
 * GraphQL are not told apart by their URL, so none is named.
 *
 * @param provider null for a credential that the catalogue knows nothing about
 */
export function nameCall(
  provider: Catalogued | null,
  { method, host, path }: { method: string | null; host: string; path: readonly string[] | null },
): NamedCall {
  if (method === null) return { operation: null, access: ANYTHING };
  const found = provider && path ? find(provider, method, host, path) : undefined;
  if (found) return { operation: `${provider?.id}.${found.id}`, access: NAMED[found.access] };
  return { operation: null, access: UNNAMED[method] ?? UNKNOWN };
}

function find(provider: Catalogued, method: string, host: string, path: readonly string[]): Template | undefined {
  let index = indexes.get(provider);
  if (!index) {
    index = indexOf(provider);
    indexes.set(provider, index);
  }
  return index
    .get(`${method} ${path.length}`)
    ?.find(
      (template) =>
        (template.host === null || template.host === host) &&
        template.segments.every((segment, at) => segment === null || segment === path[at]),
    );
}

function indexOf({ api, operations }: Catalogued): Index {
  const index = new Map<string, Template[]>();
  for (const { id, method, path, access, graphql } of operations) {
    if (graphql !== undefined) continue;
    const url = path.startsWith("/") ? `${api.baseUrl}${path}` : path;
    const parts = /^https:\/\/([^/]*)(\/.*)?$/.exec(url);
    // A base that is itself a variable: its path is not known here.
    const rest = parts ? (parts[2] ?? "") : path;
    const segments = rest
      .split("/")
      .slice(1)
      .map((segment) => (segment.includes("{") ? null : segment));
    const host = parts?.[1]?.includes("{") ? null : (parts?.[1] ?? null);
    const key = `${method} ${segments.length}`;
    index.set(key, [...(index.get(key) ?? []), { id, access, host, segments }]);
  }
  for (const templates of index.values()) templates.sort((a, b) => fixed(b) - fixed(a));
  return index;
}

function fixed({ segments }: Template): number {
  return segments.filter((segment) => segment !== null).length;
}
