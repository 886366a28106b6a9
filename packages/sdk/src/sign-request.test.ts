import { readFileSync } from "node:fs";
import { parseApiKey } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { signRequest } from "./sign-request.ts";
import { createSigner } from "./signing-key.ts";

interface Vector {
  name: string;
  api_key: string;
  created: number;
  nonce: string;
  request: { method: string; url: string; headers: Record<string, string>; body: string };
  signature_input: string;
  signature: string;
}

const file = new URL("../../../docs/wire-vectors.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] };

describe("signRequest and the published vectors", () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", async (_name, vector) => {
    const { method, url, headers, body } = vector.request;
    const { "content-digest": digest, "alter-body": streamed, ...rest } = headers;
    const bytes = new TextEncoder().encode(body);
    const parts = parseApiKey(vector.api_key) ?? { id: "", secret: "" };
    const signed = await signRequest(
      { method, url: new URL(url), headers: rest, body: streamed === undefined ? bytes : "stream" },
      createSigner(parts),
      { createdSeconds: vector.created, nonce: vector.nonce },
    );
    expect(signed).toMatchObject({ "signature-input": vector.signature_input, signature: vector.signature });
    expect(signed["content-digest"]).toBe(digest);
  });
});
