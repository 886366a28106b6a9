import { HEADER, RequestEnvelope, type ErrorCode, type ProblemDetails } from "@alter-vault/protocol";
import { readPlainEnvelope } from "./plain-envelope.ts";

/**
 * Decodes the `alter-*` headers of a call into its envelope. The headers are covered by the signature, so what is read
 * here is what the caller said; whether it may be is decided later.
 */
export type ReadEnvelope =
  | { readonly ok: true; readonly envelope: RequestEnvelope }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly details: ProblemDetails };

const PLAIN = {
  method: HEADER.method,
  target: HEADER.target,
  grant_id: HEADER.grant,
  provider: HEADER.provider,
  redirect: HEADER.redirect,
  body_digest: HEADER.bodyDigest,
} as const;

const STRUCTURED = {
  account: HEADER.account,
  reason: HEADER.reason,
  params: HEADER.params,
  headers: HEADER.headers,
  caller: HEADER.caller,
  context: HEADER.context,
  sigv4: HEADER.sigv4,
} as const;

const PLAIN_ENTRIES = Object.entries(PLAIN);
const STRUCTURED_ENTRIES = Object.entries(STRUCTURED);

export function readEnvelope(headers: Readonly<Record<string, string | undefined>>): ReadEnvelope {
  const plain = readPlainEnvelope(headers);
  return plain ? { ok: true, envelope: plain } : readBySchema(headers);
}

/** The same, slowly: this is what an envelope is, and what says why something is none. */
export function readBySchema(headers: Readonly<Record<string, string | undefined>>): ReadEnvelope {
  const raw: Record<string, unknown> = {};
  for (const [field, header] of PLAIN_ENTRIES) {
    if (headers[header] !== undefined) raw[field] = headers[header];
  }
  for (const [field, header] of STRUCTURED_ENTRIES) {
    const text = headers[header];
    if (text === undefined) continue;
    const value = parseJson(text);
    if (value === undefined) return invalid([{ path: header, message: "is not JSON" }]);
    raw[field] = value;
  }
  const parsed = RequestEnvelope.safeParse(raw);
  if (parsed.success) return { ok: true, envelope: parsed.data };
  return invalid(parsed.error.issues.map(({ path, message }) => ({ path: wirePath(path), message })));
}

function invalid(issues: { path: string; message: string }[]): ReadEnvelope {
  const detail = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return { ok: false, code: "invalid_request", detail, details: { issues } };
}

/** Names the header that the issue is in, not our field. */
function wirePath(path: readonly PropertyKey[]): string {
  const [field, ...rest] = path.map(String);
  const header = { ...PLAIN, ...STRUCTURED }[field as keyof typeof PLAIN] ?? field ?? "";
  return [header, ...rest].join(".");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
