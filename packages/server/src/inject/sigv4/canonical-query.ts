import { percentNormalize } from "../percent-encoding.ts";
import { splitQuery } from "../query.ts";

/** The query of the canonical request: every name and value encoded strictly, sorted by name, then by value. */
export function canonicalQuery(search: string): string {
  return splitQuery(search)
    .filter((piece) => piece !== "")
    .map((piece): [string, string] => {
      const at = piece.indexOf("=");
      return at < 0 ? [normalize(piece), ""] : [normalize(piece.slice(0, at)), normalize(piece.slice(at + 1))];
    })
    .toSorted(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** One name or value in the strictest encoding. A `+` is a space, as in what forms and `URLSearchParams` write. */
export function normalize(part: string): string {
  return percentNormalize(part.replaceAll("+", "%20"));
}

/** By code point. Locale order would put upper and lower case together. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
