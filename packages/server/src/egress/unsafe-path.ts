const MAX_DECODES = 5;
const ESCAPE = /%([0-9a-f]{2})/gi;
/** What is neither printable ASCII nor beyond it. */
const CONTROL = /[^ -~\x80-\uffff]/;
/** `.` or `..`, also with path parameters behind it, which some servers cut off before they resolve the segment. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?=\/|$)/;
/** Bytes that are in no UTF-8 text, but begin a `.` or `/` for decoders that take overlong forms. */
const OVERLONG = /%c[01]/i;

/**
 * Why a path must not be sent, or null when it may. The provider may decode a path once, twice or more often before it
 * resolves it; what was decided about one path must not become true for another one on the way. So dot segments are
 * refused in every layer of percent-encoding, and from the first decoding on separators, backslashes, NUL and control
 * characters, too.
 */
export function unsafePath(path: string): string | null {
  if (DOT_SEGMENT.test(path)) return "a dot segment";
  return path.includes("%") ? unsafeWhenDecoded(path) : null;
}

/**
 * Why a value must not become part of a path, or null when it may. Stricter than {@link unsafePath}: a value has no
 * business to hold a separator in any encoding, nor a `;`, which starts path parameters.
 */
export function unsafePathValue(value: string): string | null {
  if (value === "") return "empty";
  let text = value;
  for (let round = 0; round <= MAX_DECODES; round++) {
    if (/[/\\;]/.test(text)) return "a separator";
    if (CONTROL.test(text)) return "a control character";
    if (text === "." || text === "..") return "a dot segment";
    if (OVERLONG.test(text)) return "an overlong encoding";
    const decoded = decodeOnce(text);
    if (decoded === text) return null;
    text = decoded;
  }
  return "encoded too many times";
}

function unsafeWhenDecoded(path: string): string | null {
  let text = path;
  for (let round = 0; round < MAX_DECODES; round++) {
    const separators = count(text, "/");
    const decoded = decodeOnce(text);
    if (decoded === text) return null;
    if (count(decoded, "/") !== separators) return "an encoded slash";
    if (decoded.includes("\\")) return "an encoded backslash";
    if (CONTROL.test(decoded)) return "an encoded control character";
    if (DOT_SEGMENT.test(decoded)) return "an encoded dot segment";
    if (OVERLONG.test(text)) return "an overlong encoding";
    text = decoded;
  }
  return decodeOnce(text) === text ? null : "encoded too many times";
}

/** Bytes, not characters: everything that is looked for is ASCII, and a broken escape is left as it stands. */
function decodeOnce(text: string): string {
  return text.replace(ESCAPE, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}
