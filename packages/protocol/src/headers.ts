/**
 * The `alter-*` headers of a call. All of them are covered by the signature. Structured ones (params, headers, caller,
 * context, reason, account, sigv4) hold JSON in ASCII, with everything else escaped as \uXXXX, so that they pass every HTTP
 * implementation unchanged. The others hold plain printable ASCII.
 */
export const HEADER = {
  method: "alter-method",
  target: "alter-target",
  params: "alter-params",
  grant: "alter-grant",
  provider: "alter-provider",
  account: "alter-account",
  headers: "alter-headers",
  caller: "alter-caller",
  context: "alter-context",
  reason: "alter-reason",
  redirect: "alter-redirect",
  sigv4: "alter-sigv4",
  body: "alter-body",
  bodyDigest: "alter-body-digest",
  /** Which call of its tool call it is, from 0: asks the vault to remember it. */
  call: "alter-call",
  /** Of an answer: `true` when it is the recorded one of an earlier call, and nothing was sent to the provider. */
  replayed: "alter-replayed",
  app: "alter-app",
  /** The end user's token (a JWT of the app's identity provider), or a vault session that stands in for it. */
  userToken: "alter-user-token",
  outcome: "alter-outcome",
  /** The content-length of an answer to HEAD: the answer of the vault is one to POST and has no such body. */
  contentLength: "alter-content-length",
  requestId: "alter-request-id",
  /** Of an answer: the grant that was used. */
  grantId: "alter-grant-id",
  /** Of a provider's 403: a JSON list of the scopes that were asked for when connecting, and not granted. */
  missingScopes: "alter-missing-scopes",
  /** Of every answer to a key that is deprecated: `true`. */
  keyDeprecated: "alter-key-deprecated",
} as const;

/** Value of `alter-body` for a body that is streamed and therefore not covered by a digest. TLS alone protects it. */
export const UNSIGNED_STREAM = "unsigned-stream";

export function encodeJsonHeader(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
