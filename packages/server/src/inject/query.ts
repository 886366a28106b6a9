import { percentEncode } from "./percent-encoding.ts";

/** The `name=value` pieces of a query, as they are; with or without the `?` in front. */
export function splitQuery(search: string): string[] {
  const query = search.startsWith("?") ? search.slice(1) : search;
  return query === "" ? [] : query.split("&");
}

/** The name of one piece as a server reads it: `+` is a space, `%XX` a byte. */
export function queryName(piece: string): string {
  // The & keeps URLSearchParams from taking a leading ? of the piece for the start of a query.
  const [first] = new URLSearchParams(`&${piece}`);
  return first?.[0] ?? "";
}

/**
 * A query with `pairs` at its end and nothing else of their names. All other pieces keep their place and every byte,
 * because a provider may sign or compare them.
 */
export function overlayQuery(search: string, pairs: readonly (readonly [string, string])[]): string {
  const replaced = new Set(pairs.map(([name]) => name));
  const kept = splitQuery(search).filter((piece) => !replaced.has(queryName(piece)));
  const added = pairs.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
  return [...kept, ...added].join("&");
}
