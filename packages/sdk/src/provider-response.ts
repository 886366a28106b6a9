import { HEADER } from "@alter-vault/protocol";
import { hide } from "./alter-sdk-error.ts";
import { ProviderAPIError } from "./errors.ts";
import { readLimited } from "./read-limited.ts";
import { scopeReauthRequired, type ScopeLack } from "./scope-lack.ts";

interface Origin {
  readonly requestId: string | undefined;
  readonly lack: ScopeLack | undefined;
  /** Kept alive: when a Response of fetch is collected, its body is cancelled, although another one reads from it. */
  readonly source: Response;
}

const origins = new WeakMap<Response, Origin>();

/** The id of the call in the vault's audit log, for a response of this SDK. */
export function requestIdOf(response: Response): string | undefined {
  return origins.get(response)?.requestId;
}

const MAX_ERROR_BODY_BYTES = 64 * 1024;
/** Of the connection between two hops, not of the message. */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
const NULL_BODY_STATUS: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/**
 * The provider's answer as a standard Response: its status, headers and body, which still streams. `url` is the one that
 * was asked for. Where fetch has decoded the body, the headers that describe the encoded one are left out.
 */
export function providerResponse(
  source: Response,
  about: { readonly url: string; readonly requestId?: string | undefined; readonly lack?: ScopeLack | undefined },
): Response {
  const headers = new Headers();
  for (const [name, value] of source.headers) {
    if (!name.startsWith("alter-") && !HOP_BY_HOP.includes(name)) headers.append(name, value);
  }
  const headLength = source.headers.get(HEADER.contentLength);
  if (headLength !== null) headers.set("content-length", headLength);
  const body = NULL_BODY_STATUS.has(source.status) ? null : source.body;
  if (body !== null && headLength === null && headers.has("content-encoding")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  const response = build(body, source, headers);
  hide(response, "url", about.url);
  const requestId = about.requestId ?? source.headers.get(HEADER.requestId) ?? undefined;
  origins.set(response, { requestId, lack: about.lack, source });
  return response;
}

function build(body: ReadableStream<Uint8Array> | null, { status, statusText }: Response, headers: Headers): Response {
  if (status >= 200 && status <= 599) return new Response(body, { status, statusText, headers });
  // Some providers answer with numbers of their own, such as 999, which the constructor does not take.
  const response = new Response(body, { statusText, headers });
  hide(response, "status", status);
  hide(response, "ok", false);
  return response;
}

/**
 * The error for a provider's 4xx or 5xx, with as much of the body as an error should carry. Where the vault says that it
 * comes of missing scopes, ScopeReauthRequiredError.
 */
export async function providerApiError(response: Response, method: string): Promise<ProviderAPIError> {
  const responseBody = await readLimited(response, MAX_ERROR_BODY_BYTES);
  const reason = response.statusText === "" ? "" : ` ${response.statusText}`;
  const message = `The provider answered ${response.status}${reason} to ${method} ${hostOf(response.url)}.`;
  const { status: statusCode, headers } = response;
  const init = { statusCode, responseBody, headers, requestId: requestIdOf(response) };
  const lack = origins.get(response)?.lack;
  return lack === undefined ? new ProviderAPIError(message, init) : scopeReauthRequired(message, init, lack);
}

/** Host alone: paths and queries may hold what must not be in a message. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the target";
}
