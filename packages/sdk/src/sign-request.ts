import { coveredComponents, HEADER, signatureBase, signatureInput, UNSIGNED_STREAM } from "@alter-vault/protocol";
import { base64 } from "./base64.ts";
import type { Signer } from "./signing-key.ts";

export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that are sent (none: empty), or `"stream"` when they are not known beforehand. */
  readonly body: Uint8Array<ArrayBuffer> | "stream";
}

/**
 * The headers of one signed call to any endpoint of the vault, as docs/wire.md says. A nonce serves once: a call that
 * is sent again must be signed again.
 */
export async function signRequest(
  request: UnsignedRequest,
  signer: Signer,
  { createdSeconds, nonce }: { readonly createdSeconds: number; readonly nonce: string },
): Promise<Record<string, string>> {
  const headers: Record<string, string> = { ...request.headers };
  if (request.body === "stream") headers[HEADER.body] = UNSIGNED_STREAM;
  else headers["content-digest"] = `sha-256=:${await sha256Base64(request.body)}:`;

  const message = {
    method: request.method,
    authority: request.url.host,
    requestTarget: request.url.pathname + request.url.search,
    headers,
  };
  const components = coveredComponents(headers);
  const input = signatureInput(components, { created: createdSeconds, nonce, keyId: signer.keyId });
  const signature = await signer.sign(signatureBase(message, components, input));
  headers["signature-input"] = `alter=${input}`;
  headers["signature"] = `alter=:${base64(signature)}:`;
  return headers;
}

async function sha256Base64(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
