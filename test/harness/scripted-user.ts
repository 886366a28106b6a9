import { request as httpRequest } from "node:http";
import type { FakeProvider } from "./fake-provider/fake-provider.ts";
import { pathOf } from "./fake-provider/endpoints.ts";

/**
 * Plays the user and the browser: goes to a provider's consent page, decides as the fake provider's `behaviour` says, and
 * is sent back. Answers with the address the browser ends at. Throws when the provider shows an error page instead.
 */
export async function consentAt(fake: Pick<FakeProvider, "port">, authorizeUrl: string): Promise<URL> {
  const url = new URL(authorizeUrl);
  const { status, location, body } = await get(fake.port, url);
  if (location === undefined) throw new Error(`${url.host} shows an error page (${status}):\n${body}`);
  return new URL(location);
}

function get(port: number, url: URL): Promise<{ status: number; location: string | undefined; body: string }> {
  // What is behind a # stays in the browser, where the page's own script reads it.
  const hidden = url.hash.includes("?") ? url.hash.slice(url.hash.indexOf("?")) : "";
  const path = `${pathOf(url)}${hidden || url.search}`;
  return new Promise((resolve, reject) => {
    const headers = { host: url.host, "user-agent": "scripted-user" };
    const sending = httpRequest({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, location: received.location, body: Buffer.concat(chunks).toString() });
      });
    });
    sending.on("error", reject);
    sending.end();
  });
}
