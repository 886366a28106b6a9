import type { ServerResponse } from "node:http";
import { encodeJsonHeader, HEADER } from "@alter-vault/protocol";
import type { EgressSink } from "../egress/egress.ts";
import { rateLimitHeaders } from "../policy/limits.ts";
import type { AnswerFacts } from "../answer-facts.ts";

/** Up to this size it is cheaper to copy a body behind its headers than to hand over two buffers. */
const SMALL = 16 * 1024;

/**
 * Where a provider's answer goes: on to the caller, as it comes. A body that arrives whole in its first chunk leaves
 * together with the headers, in one write.
 */
export function responseSink(response: ServerResponse, facts: AnswerFacts, isHead: boolean): EgressSink {
  let missing = Number.NaN;
  let resumeProvider: () => void = nothing;
  let isWaiting = false;
  return {
    onHeaders(status, headers, resume) {
      headers[HEADER.outcome] = "provider";
      headers[HEADER.requestId] = facts.requestId;
      headers[HEADER.grantId] = facts.grantId;
      headers[HEADER.provider] = facts.provider;
      if (facts.keyDeprecated) headers[HEADER.keyDeprecated] = "true";
      if (facts.limit) {
        // The provider may have limits of its own, and headers of these names about them.
        for (const [name, value] of rateLimitHeaders(facts.limit)) headers[`alter-${name}`] = value;
      }
      if (status === 403 && facts.missingScopes.length > 0) {
        headers[HEADER.missingScopes] = encodeJsonHeader(facts.missingScopes);
      }
      const length = headers["content-length"];
      if (isHead && length !== undefined) {
        headers[HEADER.contentLength] = length;
        delete headers["content-length"];
      }
      missing = typeof length === "string" && !isHead ? Number(length) : Number.NaN;
      response.writeHead(status, headers);
      resumeProvider = resume;
    },
    onData(chunk) {
      missing -= chunk.length;
      // The last byte is here: end() now, so that headers and body share a write. The egress's own end comes after.
      if (missing === 0) {
        if (chunk.length > SMALL) response.end(chunk);
        else response.end(chunk.toString("latin1"), "latin1");
        return true;
      }
      const goesOn = response.write(chunk);
      if (!goesOn && !isWaiting) {
        isWaiting = true;
        response.on("drain", resumeProvider);
      }
      return goesOn;
    },
  };
}

function nothing(): void {}
