/**
 * Which browser started an attempt. One cookie per attempt, so that two tabs do not overwrite each other's.
 * Always `Path=/`, `HttpOnly` and `SameSite=Lax`: it comes back with the redirect from the provider, and no script of
 * any page reads it. Under https the name's prefix keeps other hosts of the domain from setting it.
 */
export interface BrowserCookie {
  readonly name: string;
  readonly value: string;
  /** 0 deletes it. */
  readonly maxAgeSeconds: number;
}

export function cookieName(publicUrl: string, attemptId: string): string {
  return `${publicUrl.startsWith("https:") ? "__Host-" : ""}alter-connect-${attemptId}`;
}

export function setCookie({ name, value, maxAgeSeconds }: BrowserCookie): string {
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** The first cookie of a name counts, as browsers send the most specific first. */
export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? "").split(";")) {
    const cut = pair.indexOf("=");
    const name = pair.slice(0, cut).trim();
    if (cut > 0 && !cookies.has(name)) cookies.set(name, pair.slice(cut + 1).trim());
  }
  return cookies;
}
