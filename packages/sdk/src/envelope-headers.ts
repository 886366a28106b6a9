import { encodeJsonHeader, HEADER, type ForwardHeaders } from "@alter-vault/protocol";
import type { EncodedBody } from "./body.ts";
import type { Call } from "./call.ts";
import { hasHeader } from "./forward-headers.ts";

/** The `alter-*` headers that say everything about a call but its body. */
export function envelopeHeaders(call: Call, body: EncodedBody, userToken: string | undefined): Record<string, string> {
  const { credential, params, reason, redirect, sigv4 } = call;
  const forwarded = providerHeaders(call.headers, body);
  return {
    [HEADER.method]: call.method,
    [HEADER.target]: call.target,
    [HEADER.caller]: encodeJsonHeader(call.caller),
    [HEADER.context]: encodeJsonHeader(call.context),
    ...(credential.grantId === undefined ? {} : { [HEADER.grant]: credential.grantId }),
    ...(credential.provider === undefined ? {} : { [HEADER.provider]: credential.provider }),
    ...(credential.account === undefined ? {} : { [HEADER.account]: encodeJsonHeader(credential.account) }),
    ...(params === undefined ? {} : { [HEADER.params]: encodeJsonHeader(params) }),
    ...(forwarded.length === 0 ? {} : { [HEADER.headers]: encodeJsonHeader(forwarded) }),
    ...(reason === undefined ? {} : { [HEADER.reason]: encodeJsonHeader(reason) }),
    ...(redirect === "follow" ? {} : { [HEADER.redirect]: redirect }),
    ...(userToken === undefined ? {} : { [HEADER.userToken]: userToken }),
    ...(sigv4 === undefined ? {} : { [HEADER.sigv4]: encodeJsonHeader(sigv4) }),
  };
}

/** What the provider is to get: the caller's headers, and the body's content type unless the caller named one. */
function providerHeaders(headers: ForwardHeaders, { contentType }: EncodedBody): ForwardHeaders {
  if (contentType === undefined || hasHeader(headers, "content-type")) return headers;
  return [...headers, ["content-type", contentType]];
}
