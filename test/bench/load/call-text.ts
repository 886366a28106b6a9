import { createHmac } from "node:crypto";
import {
  coveredComponents,
  EMPTY_CONTENT_DIGEST,
  encodeJsonHeader,
  HEADER,
  signatureBase,
  signatureInput,
} from "@alter-vault/protocol";
import { grantIdAt } from "../growth/grant-id.ts";
import type { CallPlan, PlainCall, SignedCall } from "./call-plan.ts";
import { createRandomPool } from "./random-pool.ts";
import { signingKeyOf } from "./signing-key.ts";

/**
 * The bytes of each next call. A signed one is signed anew, with a nonce of its own, and carries what an adapter of a
 * framework sends along; all that stays the same for a second is put together once in that second, so that the generator
 * costs less than what it measures.
 */
export function callTexts(plan: CallPlan, authority: string, nowMs: () => number): () => string {
  if (plan.kind === "signed") return signedTexts(plan, authority, nowMs);
  const text = plainText(plan, authority);
  return () => text;
}

const COMMON = "accept: application/json\r\nuser-agent: bench\r\n";

function plainText({ path, authorization }: PlainCall, authority: string): string {
  const credential = authorization === undefined ? "" : `authorization: ${authorization}\r\n`;
  return `GET ${path} HTTP/1.1\r\nhost: ${authority}\r\n${COMMON}${credential}\r\n`;
}

/** Stand for what changes from call to call. The grant comes before the nonce in everything that is made here. */
const GRANT = "{grant}";
const NONCE = "{nonce}";

type Template = readonly [string, string, string];

function signedTexts(plan: SignedCall, authority: string, nowMs: () => number): () => string {
  const { keyId, key } = signingKeyOf(plan.apiKey);
  const random = createRandomPool();
  const { grant } = plan;
  const nextGrant = typeof grant === "string" ? () => grant : () => grantIdAt(random.below(grant.among));
  let created = 0;
  let base: Template = ["", "", ""];
  let request: Template = ["", "", ""];
  return () => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== created) {
      created = now;
      ({ base, request } = signedTemplates(plan, authority, keyId, created));
    }
    const grantId = nextGrant();
    const nonce = random.nonce();
    const signature = createHmac("sha256", key)
      .update(fill(base, grantId, nonce))
      .digest("base64");
    return `${fill(request, grantId, nonce)}${signature}:\r\n\r\n`;
  };
}

/** What is signed, and the request up to the signature itself. */
function signedTemplates(
  { path, target }: SignedCall,
  authority: string,
  keyId: string,
  created: number,
): { base: Template; request: Template } {
  const headers: Record<string, string> = {
    "content-digest": EMPTY_CONTENT_DIGEST,
    [HEADER.caller]: encodeJsonHeader({ type: "agent", identifier: "bench-agent", framework: "langchain" }),
    [HEADER.context]: encodeJsonHeader({
      run_id: "0198c2a4-7b1e-7c3d-9a55-0d6f1e2b3c4d",
      thread_id: "thread-42",
      tool_call_id: "call_8Qd1Zk0w",
      tool: "list_items",
    }),
    [HEADER.grant]: GRANT,
    [HEADER.method]: "GET",
    [HEADER.target]: target,
  };
  const components = coveredComponents(headers);
  const input = signatureInput(components, { created, nonce: NONCE, keyId });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request =
    `POST ${path} HTTP/1.1\r\nhost: ${authority}\r\n${COMMON}content-length: 0\r\n${lines.join("")}` +
    `signature-input: alter=${input}\r\nsignature: alter=:`;
  const message = { method: "POST", authority, requestTarget: path, headers };
  return { base: cut(signatureBase(message, components, input)), request: cut(request) };
}

function cut(text: string): Template {
  const grant = text.indexOf(GRANT);
  const nonce = text.indexOf(NONCE);
  return [text.slice(0, grant), text.slice(grant + GRANT.length, nonce), text.slice(nonce + NONCE.length)];
}

function fill([start, middle, end]: Template, grant: string, nonce: string): string {
  return start + grant + middle + nonce + end;
}
