import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { CONNECT_CSS } from "./connect-css.ts";
import { CONNECT_SCRIPT } from "./connect-script.ts";
import type { PageFrame } from "./page-frame.ts";

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The names hold the hash of what is in them: a browser may keep them for good, and a new version has new names. */
const ASSETS: ReadonlyMap<string, Asset> = new Map([
  asset("style", "css", "text/css", CONNECT_CSS),
  asset("connect", "js", "text/javascript", CONNECT_SCRIPT),
]);

const [css = "", script = ""] = ASSETS.keys();
export const PAGE_ASSETS: PageFrame["assets"] = { css, script };

function asset(name: string, extension: string, type: string, text: string): [string, Asset] {
  const bytes = Buffer.from(text);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  return [`/connect/assets/${name}-${hash}.${extension}`, { type: `${type}; charset=utf-8`, bytes }];
}

/** False when there is no such file. */
export function sendAsset(response: ServerResponse, path: string): boolean {
  const found = ASSETS.get(path);
  if (!found) return false;
  response.writeHead(200, {
    "content-type": found.type,
    "content-length": found.bytes.length,
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
  });
  response.end(found.bytes);
  return true;
}
