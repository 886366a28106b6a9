import { createHmac } from "node:crypto";
import { coveredComponents, formatApiKey, parseSignature, RequestEnvelope, signatureBase } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import type { SignedCall } from "./call-plan.ts";
import { callTexts } from "./call-text.ts";
import { signingKeyOf } from "./signing-key.ts";

const API_KEY = formatApiKey(new Uint8Array(118).fill(7));
const PLAN: SignedCall = {
  kind: "signed",
  path: "/v1/request",
  apiKey: API_KEY,
  target: "http://127.0.0.1:4000/v1/items",
  grant: { among: 1000 },
};

function parse(text: string): { line: string; headers: Record<string, string> } {
  const [line = "", ...lines] = text.trimEnd().split("\r\n");
  return { line, headers: Object.fromEntries(lines.map((one) => one.split(/: (.*)/s, 2) as [string, string])) };
}

test("every signed call verifies, with a nonce and a grant of its own", () => {
  let nowMs = 1_000_000;
  const next = callTexts(PLAN, "127.0.0.1:8200", () => nowMs);
  const nonces = new Set<string>();
  const grants = new Set<string>();
  for (let i = 0; i < 50; i++) {
    nowMs += 100;
    const { line, headers } = parse(next());
    expect(line).toBe("POST /v1/request HTTP/1.1");
    const parsed = parseSignature(headers["signature-input"] ?? "", headers["signature"] ?? "");
    if (!parsed) throw new Error("the signature headers are not of the profile");
    expect(parsed.created).toBe(Math.floor(nowMs / 1000));
    const message = { method: "POST", authority: "127.0.0.1:8200", requestTarget: "/v1/request", headers };
    const base = signatureBase(message, coveredComponents(headers), parsed.input);
    expect(createHmac("sha256", signingKeyOf(API_KEY).key).update(base).digest("base64")).toBe(parsed.signature);
    expect(RequestEnvelope.shape.grant_id.safeParse(headers["alter-grant"]).success).toBe(true);
    nonces.add(parsed.nonce);
    grants.add(headers["alter-grant"] ?? "");
  }
  expect(nonces.size).toBe(50);
  expect(grants.size).toBeGreaterThan(30);
});

test("a plain call is the same bytes each time", () => {
  const next = callTexts({ kind: "plain", path: "/x", authorization: "Bearer fake-token" }, "127.0.0.1:1", () => 0);
  expect(next()).toBe(next());
  expect(parse(next()).headers).toMatchObject({ host: "127.0.0.1:1", authorization: "Bearer fake-token" });
});
