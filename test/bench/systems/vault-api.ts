import { createHmac, hash } from "node:crypto";
import { coveredComponents, signatureBase, signatureInput } from "@alter-vault/protocol";
import { createRandomPool } from "../load/random-pool.ts";
import { signingKeyOf } from "../load/signing-key.ts";

/** One signed JSON call to the vault's own endpoints. Throws with the vault's answer when it refuses. */
export async function callVault<Answer>(
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  method: "GET" | "POST" | "PATCH",
  path: string,
  value: object,
): Promise<Answer> {
  const { keyId, key } = signingKeyOf(apiKey);
  const body = method === "GET" ? "" : JSON.stringify(value);
  const headers: Record<string, string> = { "content-digest": `sha-256=:${hash("sha256", body, "base64")}:` };
  const message = { method, authority: new URL(url).host, requestTarget: path, headers };
  const components = coveredComponents(headers);
  const created = Math.floor(Date.now() / 1000);
  const input = signatureInput(components, { created, nonce: createRandomPool().nonce(), keyId });
  const signature = createHmac("sha256", key)
    .update(signatureBase(message, components, input))
    .digest("base64");
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...headers,
      "content-type": "application/json",
      "signature-input": `alter=${input}`,
      signature: `alter=:${signature}:`,
    },
    ...(body === "" ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}
