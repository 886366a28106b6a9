import { createHash } from "node:crypto";
import type { CheckedCall } from "../check-call.ts";
import type { Asker } from "../identity/asker.ts";

/**
 * What an approval is bound to: the call as it is sent, down to the bytes of its body, with which grant, and who makes it.
 * Nothing of what the caller only says about itself, which may be another each time.
 */
export function requestHash({ envelope, url, headers, body, grant }: CheckedCall, asker: Asker): string {
  const bytes = body.buffer ?? Buffer.alloc(0);
  const sent = headers.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash("sha256")
    .update(
      JSON.stringify([
        "approval-v1",
        asker.appId,
        asker.keyId,
        asker.agent?.id ?? null,
        asker.user?.id ?? null,
        grant.id,
        envelope.method,
        url.href,
        envelope.redirect,
        sent,
        createHash("sha256").update(bytes).digest("hex"),
      ]),
    )
    .digest("hex");
}
