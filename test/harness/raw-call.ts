import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import {
  coveredComponents,
  encodeJsonHeader,
  parseApiKey,
  Problem,
  signatureBase,
  signatureInput,
  SIGNING_KEY_INFO,
} from "@alter-vault/protocol";

/**
 * A call put together by hand, so that a test can get any part of it wrong. Signed from the wire document alone, without
 * the SDK.
 */
export interface RawCall {
  readonly method?: string;
  readonly path?: string;
  /** `alter-*` headers; the SDK would make them. */
  readonly alter?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly created?: number;
  readonly nonce?: string;
  readonly keyId?: string;
  /** Changes the finished message after it was signed. */
  readonly tamper?: (message: RawMessage) => void;
}

export interface RawMessage {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly problem: Problem | null;
}

/** Headers of a plain GET through a grant. */
export function getThrough(
  grantId: string,
  target: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { "alter-method": "GET", "alter-target": target, "alter-grant": grantId, ...more };
}

export function withHeaders(...pairs: readonly [string, string][]): Record<string, string> {
  return { "alter-headers": encodeJsonHeader(pairs) };
}

export function signedMessage(vaultUrl: string, apiKey: string, call: RawCall): RawMessage {
  const key = parseApiKey(apiKey);
  if (!key) throw new Error("not an API key");
  const { method = "POST", path = "/v1/request", alter = {}, body = "" } = call;
  const headers: Record<string, string> = {
    ...alter,
    "content-digest": `sha-256=:${createHash("sha256").update(body).digest("base64")}:`,
  };
  const components = coveredComponents(headers);
  const input = signatureInput(components, {
    created: call.created ?? Math.floor(Date.now() / 1000),
    nonce: call.nonce ?? randomBytes(16).toString("base64url"),
    keyId: call.keyId ?? key.id,
  });
  const base = signatureBase(
    { method, authority: new URL(vaultUrl).host, requestTarget: path, headers },
    components,
    input,
  );
  const signingKey = Buffer.from(hkdfSync("sha256", key.secret, "", SIGNING_KEY_INFO, 32));
  headers["signature-input"] = `alter=${input}`;
  headers["signature"] = `alter=:${createHmac("sha256", signingKey).update(base).digest("base64")}:`;
  const message = { method, path, headers, body };
  call.tamper?.(message);
  return message;
}

export function sendMessage(vaultUrl: string, { method, path, headers, body }: RawMessage): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(new URL(path, vaultUrl), {
      method,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
    });
    sending.on("error", reject);
    sending.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const all = Buffer.concat(chunks);
        const isProblem = response.headers["content-type"] === "application/problem+json";
        const problem = isProblem ? Problem.parse(JSON.parse(all.toString())) : null;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, problem });
      });
    });
    sending.end(body);
  });
}

export function rawCall(vaultUrl: string, apiKey: string, call: RawCall): Promise<RawAnswer> {
  return sendMessage(vaultUrl, signedMessage(vaultUrl, apiKey, call));
}
