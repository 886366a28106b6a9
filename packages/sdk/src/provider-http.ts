/**
 * The client for providers, used in retrieve mode only. It is given one injection and one body and sends exactly that.
 * It has never seen the API key, signs nothing, and knows of the vault only the origin that it must not call.
 *
 * What it holds for a moment is a live credential. So it refuses clear text, says nothing of what it sends in any error,
 * and where it follows a redirect to another origin, nothing of the injection goes along.
 */
import type { ErrorCode, Injection } from "@alter-vault/protocol";
import { isLoopback } from "./base-url.ts";
import type { EncodedBody } from "./body.ts";
import type { Redirect } from "./call.ts";
import type { Deadline } from "./deadline.ts";
import { BackendError } from "./errors.ts";
import type { Fetch } from "./vault-options.ts";

export interface ProviderHttp {
  /** Sends what the injection says. Rejects with BackendError for an injection or a redirect it refuses. */
  send(
    injection: Pick<Injection, "method" | "url" | "headers">,
    body: EncodedBody,
    options: { readonly redirect: Redirect; readonly deadline: Deadline },
  ): Promise<Response>;
}

const MAX_REDIRECTS = 10;
const NOT_FOR_PROVIDERS = /^(?:alter-|signature$|signature-input$|content-digest$)/;

interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: EncodedBody | null;
}

export function createProviderHttp(fetch: Fetch, vaultOrigin: string): ProviderHttp {
  async function sendHop({ method, url, headers, body }: Hop, deadline: Deadline): Promise<Response> {
    if (url.origin === vaultOrigin) throw refused("The call would go to the vault itself.", "target_host_not_allowed");
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
      throw refused("The call would send a credential in clear text.", "target_insecure");
    }
    const { signal } = deadline;
    const init = { method, headers, redirect: "manual" as const, signal, ...bodyInit(body) };
    return deadline.reach("the provider", () => fetch(url, init));
  }

  return {
    async send(injection, body, { redirect, deadline }) {
      let hop: Hop = firstHop(injection, body);
      for (let followed = 0; ; followed++) {
        const response = await sendHop(hop, deadline);
        const location = response.headers.get("location");
        if (redirect === "manual" || !isRedirect(response.status) || location === null) return response;
        await response.body?.cancel();
        if (redirect === "error") throw refused("The provider redirects, and the call says that it must not.");
        if (followed === MAX_REDIRECTS) throw refused(`The provider redirects more than ${MAX_REDIRECTS} times.`);
        hop = nextHop(hop, response.status, location);
      }
    },
  };
}

function firstHop({ method, url, headers }: Pick<Injection, "method" | "url" | "headers">, body: EncodedBody): Hop {
  const empty = body.kind === "bytes" && body.bytes.length === 0;
  if (!empty && (method === "GET" || method === "HEAD")) {
    throw refused(`In retrieve mode a ${method} cannot have a body. Use the mode "proxy" for it.`, "invalid_request");
  }
  if (!URL.canParse(url)) throw refused("The vault gave out a URL that is none.", "target_invalid");
  return { method, url: new URL(url), headers: injectedHeaders(headers), body: empty ? null : body };
}

/** A malformed header is reported without its value, which the platform's own error would quote. */
function injectedHeaders(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (NOT_FOR_PROVIDERS.test(name.toLowerCase())) continue;
    try {
      headers.append(name, value);
    } catch {
      throw refused("The vault gave out a header that cannot be sent.", "header_invalid");
    }
  }
  return headers;
}

function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url)) throw refused("The provider redirects to something that is not a URL.");
  const url = new URL(location, hop.url);
  const sameOrigin = url.origin === hop.url.origin;
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  const body = becomesGet ? null : hop.body;
  if (body !== null && (!sameOrigin || body.kind === "stream")) {
    throw refused('The provider redirects a call with a body to another place. Pass redirect: "manual" to see where.');
  }
  const headers = sameOrigin ? new Headers(hop.headers) : new Headers();
  if (becomesGet) for (const name of ["content-type", "content-encoding", "content-language"]) headers.delete(name);
  return { method: becomesGet ? "GET" : hop.method, url, headers, body };
}

function bodyInit(body: EncodedBody | null): RequestInit {
  if (body === null) return {};
  return body.kind === "bytes" ? { body: body.bytes } : { body: body.stream, duplex: "half" };
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function refused(why: string, code: ErrorCode = "redirect_refused"): BackendError {
  return new BackendError(`${why} Nothing was sent there.`, { code });
}
