import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { API_KEY_RANDOM_BYTES, formatApiKey, parseApiKey } from "./api-key.ts";
import { RequestEnvelope } from "./envelope.ts";
import { ERROR_CODES } from "./error-codes.ts";
import { encodeJsonHeader, HEADER, UNSIGNED_STREAM } from "./headers.ts";
import { ROUTES } from "./routes.ts";
import {
  coveredComponents,
  MAX_CLOCK_SKEW_SECONDS,
  normalizeAuthority,
  parseSignature,
  signatureBase,
  signatureInput,
  SIGNATURE_TAG,
  SIGNING_KEY_INFO,
} from "./signature.ts";

/*
 * docs/wire.md and docs/wire-vectors.json are for people who write clients in other languages. These tests recompute
 * everything in them, so that they cannot drift from the code. After a wanted change, or to fill in a new vector of which
 * only the inputs were written down, `vitest run -u` on this file writes them anew.
 */
const VECTORS = "../../../docs/wire-vectors.json";
const DOCUMENT = "../../../docs/wire.md";
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

interface Vector {
  readonly name: string;
  readonly shows: string;
  readonly api_key: string;
  readonly created: number;
  readonly nonce: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  readonly key_id?: string;
  readonly signing_key_hex?: string;
  readonly signature_base?: string;
  readonly signature_input?: string;
  readonly signature?: string;
}

const file = JSON.parse(read(VECTORS)) as { readonly about: string; readonly vectors: readonly Vector[] };
const wire = read(DOCUMENT);

/** What a client does, written down once more from the document and not taken from the SDK. */
function sign(vector: Vector): Vector {
  const { name, shows, api_key, created, nonce, request } = vector;
  const parts = parseApiKey(api_key);
  if (!parts) throw new Error(`${name}: not an API key`);
  const signingKey = Buffer.from(hkdfSync("sha256", Buffer.from(parts.secret), "", SIGNING_KEY_INFO, 32));
  const { rest, scheme, host } = splitUrl(request.url);
  const message = {
    method: request.method,
    authority: normalizeAuthority(host, scheme),
    requestTarget: rest,
    headers: request.headers,
  };
  const components = coveredComponents(request.headers);
  const input = signatureInput(components, { created, nonce, keyId: parts.id });
  const base = signatureBase(message, components, input);
  return {
    name,
    shows,
    api_key,
    created,
    nonce,
    request,
    key_id: parts.id,
    signing_key_hex: signingKey.toString("hex"),
    signature_base: base,
    signature_input: `alter=${input}`,
    signature: `alter=:${createHmac("sha256", signingKey).update(base).digest("base64")}:`,
  };
}

/** As it is sent: `new URL` would rewrite the path. */
function splitUrl(url: string): { scheme: "http" | "https"; host: string; rest: string } {
  const match = /^(https?):\/\/([^/?#]+)([^#]*)$/.exec(url);
  if (!match) throw new Error(`not a URL: ${url}`);
  const [, scheme = "", host = "", rest = ""] = match;
  return { scheme: scheme === "http" ? "http" : "https", host, rest };
}

/** Random bytes that spell a key nobody can take for a real one. */
function fakeKey(id: string, body: string): string {
  const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const chars = (id.padEnd(16, "0") + body.padEnd(43, "0")).split("");
  expect(chars).toHaveLength(API_KEY_RANDOM_BYTES / 2);
  return formatApiKey(Uint8Array.from(chars.flatMap((char) => [0, alphabet.indexOf(char)])));
}
const FAKE_KEYS = [
  fakeKey("fakekey1forvecto", "ThisIsNotARealSecretItIsForTestVectors"),
  fakeKey("fakekey2forvecto", "AnotherSecretThatIsNotRealForTestVectors"),
];

const PLAIN = {
  method: HEADER.method,
  target: HEADER.target,
  grant_id: HEADER.grant,
  provider: HEADER.provider,
  account: HEADER.account,
  reason: HEADER.reason,
  redirect: HEADER.redirect,
  body_digest: HEADER.bodyDigest,
} as const;
const JSON_HEADERS = {
  params: HEADER.params,
  headers: HEADER.headers,
  caller: HEADER.caller,
  context: HEADER.context,
  sigv4: HEADER.sigv4,
} as const;

describe("docs/wire-vectors.json", () => {
  test("holds what the code computes", async () => {
    const rebuilt = { about: file.about, vectors: file.vectors.map(sign) };
    await expect(`${JSON.stringify(rebuilt, null, 2)}\n`).toMatchFileSnapshot(VECTORS);
  });

  test("has at least six, with names of their own", () => {
    expect(file.vectors.length).toBeGreaterThanOrEqual(6);
    expect(new Set(file.vectors.map(({ name }) => name)).size).toBe(file.vectors.length);
    expect(new Set(file.vectors.map(({ nonce }) => nonce)).size).toBe(file.vectors.length);
  });

  describe.each(file.vectors)("$name", (vector) => {
    const { request } = vector;

    test("uses a fake key with a valid checksum", () => expect(FAKE_KEYS).toContain(vector.api_key));

    test("passes the profile's own parser, with the message's own components", () => {
      const parsed = parseSignature(vector.signature_input ?? "", vector.signature ?? "");
      expect(parsed).toMatchObject({ created: vector.created, nonce: vector.nonce, keyId: vector.key_id });
      expect(parsed?.componentList.replaceAll('"', "").split(" ")).toEqual(coveredComponents(request.headers));
    });

    test("is plain ASCII where HTTP wants it", () => {
      for (const text of [request.url, ...Object.values(request.headers), vector.signature_base?.replaceAll("\n", "")])
        expect(text).toMatch(/^[\x20-\x7e]*$/);
      for (const name of Object.keys(request.headers)) expect(name).toMatch(/^[a-z0-9-]+$/);
    });

    test("has the digest of its body, or says that it has none", () => {
      const digest = createHash("sha256").update(request.body).digest("base64");
      const streamed = request.headers[HEADER.body] === UNSIGNED_STREAM;
      expect(request.headers["content-digest"]).toBe(streamed ? undefined : `sha-256=:${digest}:`);
    });

    test("is a call of a route that takes it", () => {
      const path = splitUrl(request.url).rest.split("?")[0];
      const route = Object.values(ROUTES).find((each) => each.path === path && each.method === request.method);
      expect(route).toBeDefined();
      if (route && "body" in route) expect(route.body.safeParse(JSON.parse(request.body)).success).toBe(true);
      if (path !== "/v1/request" && path !== "/v1/retrieve") return;
      const raw: Record<string, unknown> = {};
      for (const [field, header] of Object.entries(PLAIN))
        if (request.headers[header]) raw[field] = request.headers[header];
      for (const [field, header] of Object.entries(JSON_HEADERS)) {
        const text = request.headers[header];
        if (text === undefined) continue;
        raw[field] = JSON.parse(text);
        expect(text).toBe(encodeJsonHeader(raw[field]));
      }
      expect(RequestEnvelope.parse(raw)).toMatchObject(raw);
    });
  });

  test("a change of any covered part of any vector changes its signature", () => {
    for (const vector of file.vectors) {
      const { request } = vector;
      const changed: Vector[] = [
        { ...vector, created: vector.created + 1 },
        { ...vector, nonce: `${vector.nonce.slice(0, -1)}x` },
        { ...vector, request: { ...request, method: "PUT" } },
        { ...vector, request: { ...request, url: request.url.replace("://", "://x") } },
        { ...vector, request: { ...request, url: `${request.url}/` } },
        { ...vector, request: { ...request, headers: { ...request.headers, "alter-more": "" } } },
        ...Object.keys(request.headers)
          .filter((name) => name.startsWith("alter-") || name === "content-digest")
          .map((name) => ({ ...vector, request: { ...request, headers: { ...request.headers, [name]: "x" } } })),
      ];
      for (const each of changed) expect(sign(each).signature).not.toBe(vector.signature);
    }
  });
});

/** `text` with what stands between two markers replaced. */
function between(text: string, marker: string, content: string): string {
  const [start, end] = [`<!-- ${marker}:start -->\n`, `<!-- ${marker}:end -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/wire.md has no place for ${marker}`);
  return text.slice(0, from + start.length) + content + text.slice(to);
}

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, retryable, title, fix }]) =>
      `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${title} | ${fix} |`,
  );
  return ["| code | status | retryable | what it is | what to do |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}

function workedExample(name: string): string {
  const found = file.vectors.find((each) => each.name === name);
  if (!found) throw new Error(`no vector ${name}`);
  const vector = sign(found);
  const { method, url, headers, body } = vector.request;
  const { host, rest } = splitUrl(url);
  const block = (title: string, ...lines: string[]): string => `${title}\n\n\`\`\`text\n${lines.join("\n")}\n\`\`\`\n`;
  const sent = { host, ...headers, "signature-input": vector.signature_input, signature: vector.signature };
  return [
    block(
      "The API key, its id, and the derived signing key in hex:",
      vector.api_key,
      vector.key_id ?? "",
      vector.signing_key_hex ?? "",
    ),
    block("The signature base (no line break at its end):", vector.signature_base ?? ""),
    block(
      "The request as it is sent (each header is one line):",
      `${method} ${rest} HTTP/1.1`,
      ...Object.entries(sent).map(([header, value]) => `${header}: ${value}`),
      "",
      body,
    ),
  ].join("\n");
}

describe("docs/wire.md", () => {
  test("prints the error table and the worked example of the code", async () => {
    const rebuilt = between(between(wire, "error-codes", errorTable()), "vector", workedExample("proxied-post"));
    await expect(rebuilt).toMatchFileSnapshot(DOCUMENT);
  });

  test("names every alter-* header, and the constants by value", () => {
    for (const name of Object.values(HEADER)) expect(wire).toContain(`\`${name}\``);
    for (const text of [SIGNATURE_TAG, SIGNING_KEY_INFO, UNSIGNED_STREAM, `${MAX_CLOCK_SKEW_SECONDS} seconds`])
      expect(wire).toContain(text);
  });
});
