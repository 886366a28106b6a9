import { createHmac, randomBytes } from "node:crypto";

/** What an identity provider sends to the vault by itself: notices and SCIM. */
export interface DirectoryAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export async function send(
  url: string,
  { method = "POST", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<DirectoryAnswer> {
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? null : (JSON.parse(text) as unknown) };
}

/** As Svix signs for Clerk; with the prefix `webhook` as Standard Webhooks says. */
export function signedNotice(
  secret: string,
  event: unknown,
  { id = `msg_${randomBytes(8).toString("hex")}`, at = Date.now(), prefix = "svix" } = {},
): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify(event);
  const seconds = String(Math.floor(at / 1000));
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    headers: { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: seconds, [`${prefix}-signature`]: `v1,${signature}` },
    body,
  };
}

/** A client of SCIM 2.0 with a bearer token. */
export function scimClient(url: string, token: string) {
  return (method: string, path: string, body?: unknown): Promise<DirectoryAnswer> =>
    send(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}
