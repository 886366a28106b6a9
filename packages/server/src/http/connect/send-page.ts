import type { ServerResponse } from "node:http";
import { HEADER } from "@alter-vault/protocol";

/** Nothing but our own style and script, nothing in a frame, no trace of the URL elsewhere, nothing kept by caches. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  // Any other value cuts the tie to the window that opened the popup, and the result could not be told.
  "cross-origin-opener-policy": "unsafe-none",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
  "referrer-policy": "no-referrer",
  "permissions-policy":
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=(), display-capture=(), browsing-topics=()",
  "cache-control": "no-store",
  [HEADER.outcome]: "vault",
} as const;

export function sendPage(
  response: ServerResponse,
  status: number,
  page: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(page);
  response.writeHead(status, { ...HEADERS, "content-length": body.length, ...headers });
  response.end(body);
}

/** Within the vault, after a form or a callback: the page that follows can be loaded again. */
export function sendOnward(
  response: ServerResponse,
  location: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(303, { ...HEADERS, location, "content-length": 0, ...headers });
  response.end();
}
