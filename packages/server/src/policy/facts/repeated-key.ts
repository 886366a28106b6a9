/**
 * The first key that an object of this JSON holds twice, also when it is written in two ways (`"a"`, `"\u0061"`) or
 * differs only in its normal form; null when there is none. Some parsers take the first of two, others the last.
 *
 * @param json text that JSON.parse takes
 */
export function repeatedKey(json: string): string | null {
  const open: (Set<string> | null)[] = [];
  let text: { from: number; to: number } | null = null;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '"':
        text = { from: at, to: endOfText(json, at) };
        at = text.to;
        break;
      case "{":
        open.push(new Set());
        break;
      case "[":
        open.push(null);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ":": {
        const keys = open.at(-1);
        const key = text ? keyOf(json.slice(text.from, text.to + 1)) : "";
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
    }
  }
  return null;
}

/** Where the quote is that ends a text. */
function endOfText(json: string, start: number): number {
  let at = start;
  do at = json.indexOf('"', at + 1);
  while (at > 0 && isEscaped(json, at));
  return at < 0 ? json.length : at;
}

function isEscaped(json: string, quote: number): boolean {
  let at = quote;
  while (json[at - 1] === "\\") at--;
  return (quote - at) % 2 === 1;
}

function keyOf(token: string): string {
  const key = token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1);
  return key.normalize("NFC");
}
