import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import {
  API_KEY_RANDOM_BYTES,
  coveredComponents,
  formatApiKey,
  parseApiKey,
  signatureBase,
  signatureInput,
} from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { hmacKey } from "../crypto/hmac.ts";
import type { ApiKeyRecord } from "../store/store.ts";
import { deriveSigningKey } from "./api-keys.ts";
import { apiKeyRecord } from "./api-key.test-support.ts";
import { identify, type SignedCall } from "./identify.ts";

const NOW = 1_700_000_000_000;
const parts = parseApiKey(formatApiKey(randomBytes(API_KEY_RANDOM_BYTES)));
if (!parts) throw new Error("no key");
const signingKey = createSecretKey(deriveSigningKey(parts.secret));
const record = apiKeyRecord({ id: parts.id, appId: "app-a", createdAt: 0 });

interface Signing {
  readonly message?: Partial<{
    method: string;
    authority: string;
    requestTarget: string;
    headers: Record<string, string>;
  }>;
  readonly created?: number;
  readonly keyId?: string;
  readonly key?: ReturnType<typeof createSecretKey>;
  readonly components?: readonly string[];
}

/** Signs a message, and lets what is then received be something else. */
function sign({
  message = {},
  created = NOW / 1000,
  keyId = record.id,
  key = signingKey,
  components,
}: Signing = {}): SignedCall {
  const signed = {
    method: "POST",
    authority: "vault.test",
    requestTarget: "/v1/request",
    headers: { "content-digest": "sha-256=:x:", "alter-grant": "g", "alter-method": "GET" },
    ...message,
  };
  const names = components ?? coveredComponents(signed.headers);
  const input = signatureInput(names, { created, nonce: "n".repeat(22), keyId });
  const signature = createHmac("sha256", key)
    .update(signatureBase(signed, names, input))
    .digest("base64");
  return {
    method: signed.method,
    authorities: [signed.authority],
    requestTarget: signed.requestTarget,
    headers: { ...signed.headers, "signature-input": `alter=${input}`, signature: `alter=:${signature}:` },
  };
}

const ask = (call: SignedCall, over: Partial<ApiKeyRecord> = {}, signedAfter = 0) =>
  identify(
    {
      store: {
        findApiKey: async (id) => (id === record.id ? { ...record, ...over } : null),
      } as Parameters<typeof identify>[0]["store"],
      openSigningKey: () => hmacKey(signingKey.export()),
      signedAfter,
    },
    call,
    NOW,
  );
const codeOf = async (call: SignedCall, over: Partial<ApiKeyRecord> = {}): Promise<string> => {
  const result = await ask(call, over);
  return result.ok ? "ok" : result.code;
};

test("a signed call is identified, and its nonce handed on", async () => {
  expect(await ask(sign())).toEqual({
    ok: true,
    key: record,
    nonce: { created: NOW / 1000, keyId: record.id, nonce: "n".repeat(22) },
  });
});

test("any of the authorities may be the one that was signed", async () => {
  const call = sign({ message: { authority: "public.test" } });
  expect(await codeOf({ ...call, authorities: ["inside:8200", "public.test"] })).toBe("ok");
  expect(await codeOf({ ...call, authorities: ["inside:8200"] })).toBe("signature_invalid");
});

describe("whatever is changed after signing is noticed", () => {
  const call = sign();
  const header = (name: string, value: string | undefined): SignedCall => ({
    ...call,
    headers: { ...call.headers, [name]: value },
  });
  test.each<[string, SignedCall]>([
    ["method", { ...call, method: "GET" }],
    ["path", { ...call, requestTarget: "/v1/retrieve" }],
    ["query", { ...call, requestTarget: "/v1/request?x=1" }],
    ["digest", header("content-digest", "sha-256=:y:")],
    ["a header's value", header("alter-grant", "h")],
    ["a header added", header("alter-account", "x")],
    ["a header taken away", header("alter-grant", undefined)],
    ["the digest taken away", header("content-digest", undefined)],
    [
      "the time",
      header("signature-input", call.headers["signature-input"]?.replace(/created=\d+/, `created=${NOW / 1000 + 1}`)),
    ],
    ["the nonce", header("signature-input", call.headers["signature-input"]?.replace(/nonce="n/, 'nonce="m'))],
    [
      "the tag",
      header("signature-input", call.headers["signature-input"]?.replace("alter-vault-v1", "alter-vault-v2")),
    ],
    ["the algorithm", header("signature-input", call.headers["signature-input"]?.replace("hmac-sha256", "none"))],
    ["the signature", header("signature", `alter=:${Buffer.alloc(32).toString("base64")}:`)],
    ["two signatures", header("signature", `${call.headers["signature"]}, ${call.headers["signature"]}`)],
  ])("%s", async (_name, changed) => {
    expect(await codeOf(changed)).toBe("signature_invalid");
  });
});

test.each<[string, Signing]>([
  [
    "a component left out",
    { components: ["@method", "@authority", "@path", "@query", "content-digest", "alter-method"] },
  ],
  [
    "the order changed",
    { components: ["@authority", "@method", "@path", "@query", "content-digest", "alter-grant", "alter-method"] },
  ],
  [
    "one more component",
    {
      components: ["@method", "@authority", "@path", "@query", "content-digest", "alter-grant", "alter-method", "date"],
    },
  ],
  ["another key", { key: createSecretKey(randomBytes(32)) }],
])("a signature with %s is refused although it is right in itself", async (_name, signing) => {
  expect(await codeOf(sign(signing))).toBe("signature_invalid");
});

test.each([
  [-61, "clock_skew"],
  [-60, "ok"],
  [0, "ok"],
  [60, "ok"],
  [61, "clock_skew"],
])("a clock %i seconds off: %s", async (seconds, code) => {
  const result = await ask(sign({ created: NOW / 1000 + seconds }));
  expect(result.ok ? "ok" : result.code).toBe(code);
  if (!result.ok) expect(result.details).toEqual({ server_time: NOW / 1000 });
});

test.each([
  [-60, "clock_skew"],
  [59, "clock_skew"],
  [60, "ok"],
])("in a vault that was moved here, signed %i seconds from now: %s", async (seconds, code) => {
  const after = NOW / 1000 + 59;
  const result = await ask(sign({ created: NOW / 1000 + seconds }), {}, after);
  expect(result.ok ? "ok" : result.code).toBe(code);
  // The time it names is one that it takes.
  if (!result.ok) expect(result.details).toEqual({ server_time: after + 1 });
});

test("unsigned, unknown, revoked and expired keys have their own answers", async () => {
  expect(await codeOf({ ...sign(), headers: {} })).toBe("signature_missing");
  expect(await codeOf(sign({ keyId: "unknownunknown00" }))).toBe("invalid_key");
  expect(await codeOf(sign(), { revokedAt: 1 })).toBe("invalid_key");
  expect(await codeOf(sign(), { expiresAt: NOW })).toBe("invalid_key");
  expect(await codeOf(sign(), { expiresAt: NOW + 1 })).toBe("ok");
});

test("the state of a key and the clock are told only to who holds the key", async () => {
  const forged = sign({ key: createSecretKey(randomBytes(32)), created: 1 });
  expect(await codeOf(forged, { revokedAt: 1 })).toBe("signature_invalid");
});
