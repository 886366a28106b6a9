/**
 * The signature profile: RFC 9421 HTTP Message Signatures narrowed to exactly one form, so that both sides can build the
 * signature base from the message instead of trusting what the message says about itself. docs/wire.md explains it with
 * test vectors. Hashing is left to the caller: this file has no I/O and no crypto.
 *
 *   Signature-Input: alter=("@method" "@authority" "@path" "@query" "content-digest" "alter-…" …);created=…;nonce="…";keyid="…";alg="hmac-sha256";tag="alter-vault-v1"
 *   Signature: alter=:<base64 of HMAC-SHA256>:
 *
 * Covered are the method, the authority, path and query, the digest of the body, and every `alter-*` header of the
 * message in alphabetical order. A message that has an `alter-*` header which is not covered is refused.
 */
export const SIGNATURE_TAG = "alter-vault-v1";
export const SIGNING_KEY_INFO = "alter-vault-v1 request signing";
/** How far `created` may be from the clock of the vault, in seconds. */
export const MAX_CLOCK_SKEW_SECONDS = 60;
/** The digest of an empty body, which is sent as well. */
export const EMPTY_CONTENT_DIGEST = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

export interface SignedMessage {
  readonly method: string;
  /** Host and port as in the Host header, lower case, without the default port. */
  readonly authority: string;
  /** Path and query as on the request line. */
  readonly requestTarget: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface SignatureParams {
  readonly created: number;
  readonly nonce: string;
  readonly keyId: string;
}

/** The covered components of a message, in their one allowed order. */
export function coveredComponents(headers: SignedMessage["headers"]): string[] {
  const alter: string[] = [];
  let hasDigest = false;
  for (const name in headers) {
    if (headers[name] === undefined) continue;
    if (name.startsWith("alter-")) alter.push(name);
    else if (name === "content-digest") hasDigest = true;
  }
  alter.sort();
  return ["@method", "@authority", "@path", "@query", ...(hasDigest ? ["content-digest"] : []), ...alter];
}

/** The value of `Signature-Input` after the label, which is also the last line of the base. */
export function signatureInput(components: readonly string[], params: SignatureParams): string {
  const list = components.map((name) => `"${name}"`).join(" ");
  return `(${list});created=${params.created};nonce="${params.nonce}";keyid="${params.keyId}";alg="hmac-sha256";tag="${SIGNATURE_TAG}"`;
}

/**
 * The string that is signed (RFC 9421, 2.5). It expects what an HTTP parser lets through: no line breaks in a value.
 * Blanks and tabs around a header value do not count; every other change of a covered part changes the base.
 */
export function signatureBase(message: SignedMessage, components: readonly string[], input: string): string {
  const cut = message.requestTarget.indexOf("?");
  const path = cut === -1 ? message.requestTarget : message.requestTarget.slice(0, cut);
  const query = cut === -1 ? "?" : message.requestTarget.slice(cut);
  let base = "";
  for (const name of components) base += `"${name}": ${componentValue(message, name, path, query)}\n`;
  return `${base}"@signature-params": ${input}`;
}

function componentValue(message: SignedMessage, name: string, path: string, query: string): string {
  switch (name) {
    case "@method":
      return message.method;
    case "@authority":
      return message.authority;
    case "@path":
      return path || "/";
    case "@query":
      return query;
    default:
      return trimBlanks(message.headers[name] ?? "");
  }
}

/** Blanks and tabs only: `trim()` would also take a no-break space (0xA0), which is part of the value on the wire. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const INPUT =
  /^alter=(\(("[@a-z0-9-]{1,64}"(?: "[@a-z0-9-]{1,64}")*)\);created=([1-9]\d{0,11});nonce="([A-Za-z0-9_-]{16,64})";keyid="([0-9a-z]{1,64})";alg="hmac-sha256";tag="alter-vault-v1")$/;
/** 32 bytes have one spelling in base64: the last character holds four bits. */
const SIGNATURE = /^alter=:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=):$/;

/** Callers send the same list again and again: it need not be taken apart each time. */
let lastWithoutDouble = "";

export interface ParsedSignature extends SignatureParams {
  readonly input: string;
  /** The component list as it stands in the header, quotes included. */
  readonly componentList: string;
  readonly signature: string;
}

/**
 * Reads the two signature headers, or returns null when they are not of the profile. Which components a message must
 * cover is not decided here: the verifier builds its own `signatureInput(coveredComponents(headers), params)` and
 * compares it with `input`, so that a list with a part left out, added or moved does not pass.
 */
export function parseSignature(signatureInputHeader: string, signatureHeader: string): ParsedSignature | null {
  const input = INPUT.exec(signatureInputHeader);
  const signature = SIGNATURE.exec(signatureHeader);
  if (!input || !signature) return null;
  const componentList = input[2] as string;
  if (componentList !== lastWithoutDouble) {
    const components = componentList.split(" ");
    if (new Set(components).size !== components.length) return null;
    lastWithoutDouble = componentList;
  }
  return {
    input: input[1] as string,
    componentList,
    created: Number(input[3]),
    nonce: input[4] as string,
    keyId: input[5] as string,
    signature: signature[1] as string,
  };
}

/** Host as it is signed: lower case, the default port of http and https left out. */
export function normalizeAuthority(host: string, scheme: "http" | "https"): string {
  const lower = host.toLowerCase();
  const defaultPort = scheme === "https" ? ":443" : ":80";
  return lower.endsWith(defaultPort) ? lower.slice(0, -defaultPort.length) : lower;
}
