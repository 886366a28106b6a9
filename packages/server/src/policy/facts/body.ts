import { repeatedKey } from "./repeated-key.ts";
import { readForm } from "./form.ts";

/** A body as rules see it. `unreadable`: not there to be looked into, or to be read in more than one way. */
export type BodyFacts =
  | { readonly kind: "none" }
  | { readonly kind: "fields"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

const NONE: BodyFacts = { kind: "none" };
const MEDIA_TYPE = /^\s*([a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+)\s*(?:;\s*charset\s*=\s*"?([a-z0-9_-]+)"?\s*)?(;.*)?$/i;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON or form body for the rules. What providers read in different ways is refused: two media types, other
 * charsets, invalid UTF-8, a byte order mark, compression, a key that comes twice.
 *
 * @param body null for a body that is passed on while it arrives, or that the vault never sees
 */
export function readBodyFacts(body: Buffer | null, headers: readonly (readonly [string, string])[]): BodyFacts {
  if (!body) return unreadable("the body is a stream, or not sent through the vault");
  if (body.length === 0) return NONE;
  const encodings = headers.filter(([name, value]) => name === "content-encoding" && value.trim() !== "identity");
  if (encodings.length > 0) return unreadable("the body is compressed");
  const types = headers.filter(([name]) => name === "content-type");
  const [, type = "", charset = "utf-8", rest] = MEDIA_TYPE.exec(types[0]?.[1] ?? "") ?? [];
  if (types.length !== 1 || type === "") return unreadable("the body has no one content-type");
  const subtype = type.toLowerCase();
  const isForm = subtype === "application/x-www-form-urlencoded";
  const isJson = subtype === "application/json" || /^application\/[^/]+\+json$/.test(subtype);
  if (!isForm && !isJson) return unreadable(`the body is ${subtype}`);
  if (rest !== undefined || !/^utf-?8$/i.test(charset)) return unreadable("the body is not plainly UTF-8");
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return unreadable("the body is not valid UTF-8");
  }
  if (text.startsWith("\ufeff")) return unreadable("the body begins with a byte order mark");
  return isForm ? readForm(text) : readJson(text);
}

function readJson(text: string): BodyFacts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable("the body is not valid JSON");
  }
  const key = repeatedKey(text);
  if (key !== null) return unreadable("the body holds a key twice");
  return { kind: "fields", value };
}

function unreadable(why: string): BodyFacts {
  return { kind: "unreadable", why };
}
