import type { Operation } from "@alter-vault/providers";
import type { Access } from "../facts.ts";
import { foldPath } from "./path.ts";

/** The named call that this is, and what it may do. */
export interface NamedCall {
  readonly operation: string | null;
  /** For a server that does not look at letter case, say: it may be one that the call does not look like. */
  readonly foldedOperation: string | null;
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
  readonly folded: readonly (string | null)[];
}

interface Index {
  /** By method and number of segments. */
  readonly templates: ReadonlyMap<string, readonly Template[]>;
  /** By method: all that its operations may do. */
  readonly access: ReadonlyMap<string, ReadonlySet<Access>>;
}

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
 * GraphQL are not told apart by their URL, so none is named. A path that can be read in several ways may be any of them.
 *
 * @param provider null for a credential that the catalogue knows nothing about
 */
export function nameCall(provider: Catalogued | null, { method, host, path, foldedPath }: NamedBy): NamedCall {
  if (method === null) return { operation: null, foldedOperation: null, access: ANYTHING };
  const access = UNNAMED[method] ?? UNKNOWN;
  if (!provider) return { operation: null, foldedOperation: null, access };
  const index = indexed(provider);
  if (!path || !foldedPath) {
    return { operation: null, foldedOperation: null, access: union(access, index.access.get(method)) };
  }
  const templates = index.templates
    .get(`${method} ${path.length}`)
    ?.filter((one) => one.host === null || one.host === host);
  const found = templates?.find(({ segments }) => fits(segments, path));
  if (found) {
    const operation = `${provider.id}.${found.id}`;
    return { operation, foldedOperation: operation, access: NAMED[found.access] };
  }
  const folded = templates?.find((one) => fits(one.folded, foldedPath));
  if (!folded) return { operation: null, foldedOperation: null, access };
  const foldedOperation = `${provider.id}.${folded.id}`;
  return { operation: null, foldedOperation, access: union(access, new Set([folded.access])) };
}

interface NamedBy {
  readonly method: string | null;
  readonly host: string;
  readonly path: readonly string[] | null;
  readonly foldedPath: readonly string[] | null;
}

function union(access: readonly Access[], more: ReadonlySet<Access> | undefined): readonly Access[] {
  return more ? ANYTHING.filter((one) => access.includes(one) || more.has(one)) : access;
}

function fits(template: readonly (string | null)[], path: readonly string[]): boolean {
  return template.every((segment, at) => segment === null || segment === path[at]);
}

function indexed(provider: Catalogued): Index {
  let index = indexes.get(provider);
  if (!index) {
    index = indexOf(provider);
    indexes.set(provider, index);
  }
  return index;
}

function indexOf({ api, operations }: Catalogued): Index {
  const index = new Map<string, Template[]>();
  const accesses = new Map<string, Set<Access>>();
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
    index.set(key, [...(index.get(key) ?? []), { id, access, host, segments, folded: foldPath(segments) }]);
    accesses.set(method, new Set([...(accesses.get(method) ?? []), access]));
  }
  for (const templates of index.values()) templates.sort((a, b) => fixed(b) - fixed(a));
  return { templates: index, access: accesses };
}

function fixed({ segments }: Template): number {
  return segments.filter((segment) => segment !== null).length;
}
