import type { ConnectSettings } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";

/**
 * Where a result may go: only to places the app has named beforehand. Return URLs are compared letter by letter, origins
 * as origins. In development, loopback needs no entry. Pure.
 */
type Places = Pick<ConnectSettings, "return_urls" | "origins" | "website_url">;
type Allowed = { readonly ok: true; readonly place: string | null } | Failure;

export function allowedReturnUrl(url: string | undefined, places: Places, allowLoopback: boolean): Allowed {
  if (url === undefined) return { ok: true, place: null };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || parsed.username !== "" || parsed.password !== "") {
    return { ok: false, code: "return_url_not_allowed", detail: "it is not a URL without a user" };
  }
  if (allowLoopback && isLoopback(parsed)) return { ok: true, place: url };
  if (parsed.protocol !== "https:") {
    return { ok: false, code: "return_url_not_allowed", detail: `${url} is not https` };
  }
  if (!places.return_urls.includes(url)) {
    return { ok: false, code: "return_url_not_allowed", detail: `${url} is not on the list` };
  }
  return { ok: true, place: url };
}

/** Left out: the first origin of the list, else that of the app's website, else none, and then nobody is told. */
export function allowedOrigin(origin: string | undefined, places: Places, allowLoopback: boolean): Allowed {
  const listed = places.origins.map((text) => originOf(text)).filter((known) => known !== null);
  const website = places.website_url === null ? null : new URL(places.website_url).origin;
  if (website !== null) listed.push(website);
  const usable = listed.filter((known) => isSecure(known, allowLoopback));
  if (origin === undefined) return { ok: true, place: usable[0] ?? null };
  const wanted = originOf(origin);
  if (wanted === null) {
    return { ok: false, code: "origin_not_allowed", detail: "an origin is scheme and host, without a path" };
  }
  if (!usable.includes(wanted) && !(allowLoopback && isLoopback(new URL(wanted)))) {
    return { ok: false, code: "origin_not_allowed", detail: `${wanted} is not on the list` };
  }
  return { ok: true, place: wanted };
}

/** A slash at the end is forgiven, a path is not. */
function originOf(text: string): string | null {
  const bare = text.replace(/\/$/, "");
  if (!URL.canParse(bare)) return null;
  const { origin } = new URL(bare);
  return origin !== "null" && bare.toLowerCase() === origin ? origin : null;
}

function isSecure(origin: string, allowLoopback: boolean): boolean {
  return origin.startsWith("https:") || (allowLoopback && isLoopback(new URL(origin)));
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && /^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(hostname);
}
