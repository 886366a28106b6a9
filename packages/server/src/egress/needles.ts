/** One form a secret may come back in: its bytes, written as one latin1 character each. */
export type Needle = string;

/** Shorter secrets would turn up in harmless text by chance. */
const MIN_LENGTH = 8;
/** Looks the same in a URL, in JSON and in HTML. Most tokens do. */
const PLAIN = /^[A-Za-z0-9_.~-]*$/;
const NON_ASCII = /[^\0-\x7f]/;
const NON_LATIN1 = /[^\0-\xff]/;

/** Whether a secret is long enough to be searched for. */
export function isSearchedFor(secret: string): boolean {
  return secret.length >= MIN_LENGTH;
}

/** Whether every form of a secret is made of letters, digits and the signs of tokens and base64. */
export function isPlainSecret(secret: string): boolean {
  return PLAIN.test(secret);
}

/**
 * The forms in which a provider may echo secrets: as they are, percent-encoded, escaped for JSON or HTML, in hex, and in
 * base64 at each of the three offsets it may have inside of something longer. Secrets under eight characters are left
 * out, doubles too.
 *
 * Give it what must never come back (token, key, password, the whole header value when it is encoded), and nothing that
 * answers hold by right, such as a user name.
 */
export function makeNeedles(secrets: readonly string[]): Needle[] {
  const needles = new Set<Needle>();
  for (const secret of secrets) {
    if (!isSearchedFor(secret)) continue;
    for (const text of textForms(secret))
      needles.add(NON_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text);
    addByteForms(needles, Buffer.from(secret, "utf8"));
    if (NON_ASCII.test(secret) && !NON_LATIN1.test(secret)) {
      needles.add(secret);
      addByteForms(needles, Buffer.from(secret, "latin1"));
    }
  }
  return [...needles];
}

function textForms(secret: string): string[] {
  if (isPlainSecret(secret)) return [secret];
  const json = JSON.stringify(secret).slice(1, -1);
  const asciiJson = json.replace(/[^\0-\x7e]/g, (char) => unicodeEscape(char));
  const forms = [secret, json, json.replaceAll("/", "\\/"), asciiJson, asciiJson.replaceAll("/", "\\/")];
  // Go and some PHP escape what could be markup.
  forms.push(
    asciiJson.replace(/[<>&'/]/g, (char) => unicodeEscape(char)),
    json.replace(/[<>&]/g, (char) => unicodeEscape(char)),
  );
  forms.push(secret.replace(/[&<>"']/g, (char) => HTML[char] ?? char));
  return secret.isWellFormed() ? [...forms, ...percentForms(secret)] : forms;
}

function percentForms(secret: string): string[] {
  const component = encodeURIComponent(secret);
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = strict.replaceAll("%20", "+");
  const forms = [component, strict, form, encodeURI(secret)];
  return [...forms, ...forms.map((text) => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()))];
}

function addByteForms(needles: Set<Needle>, bytes: Buffer): void {
  const hex = bytes.toString("hex");
  needles.add(hex).add(hex.toUpperCase());
  for (let offset = 0; offset < 3; offset++) {
    const shifted = Buffer.alloc(offset + bytes.length);
    bytes.copy(shifted, offset);
    // Only the characters that depend on the secret alone: the first and the last may share bits with what is around.
    const stable = shifted.toString("base64").slice(Math.ceil((offset * 8) / 6), Math.floor((shifted.length * 8) / 6));
    needles.add(stable).add(stable.replaceAll("+", "-").replaceAll("/", "_"));
  }
}

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
