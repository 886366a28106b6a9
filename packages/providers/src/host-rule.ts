/**
 * Domains below which anybody can have a name of their own. A star in front of one of these would hand the credential
 * to strangers. Not the whole public suffix list: the registries' usual second levels, and the clouds.
 */
const SHARED: ReadonlySet<string> = new Set([
  "amazonaws.com",
  "appspot.com",
  "azure.com",
  "azureedge.net",
  "azurewebsites.net",
  "blogspot.com",
  "cloudapp.net",
  "cloudflare.net",
  "cloudfront.net",
  "cloudfunctions.net",
  "deno.dev",
  "digitaloceanspaces.com",
  "edgekey.net",
  "fastly.net",
  "firebaseapp.com",
  "fly.dev",
  "github.io",
  "githubusercontent.com",
  "gitlab.io",
  "googleapis.com",
  "googleusercontent.com",
  "herokuapp.com",
  "netlify.app",
  "ngrok.app",
  "ngrok.io",
  "onrender.com",
  "ondigitalocean.app",
  "pages.dev",
  "r2.dev",
  "railway.app",
  "run.app",
  "supabase.co",
  "trycloudflare.com",
  "vercel.app",
  "web.app",
  "windows.net",
  "workers.dev",
]);

const SECOND_LEVEL = /^(?:ac|co|com|edu|go|gob|gov|gouv|mil|ne|net|nom|or|org)\.[a-z]{2}$/;
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A full host name in lower case: at least two labels, no address, no port. */
export function isHostName(text: string): boolean {
  // The last label begins with a letter, so no spelling of an address (127.1, 0x7f.1) gets through.
  return text.length <= 253 && HOST_NAME.test(text);
}

/** Whether names below `domain` belong to everybody: `com`, `co.uk`, `github.io`, `s3.amazonaws.com`. */
export function isSharedDomain(domain: string): boolean {
  if (!domain.includes(".") || SECOND_LEVEL.test(domain)) return true;
  return [...SHARED].some((shared) => domain === shared || domain.endsWith(`.${shared}`));
}

/** The part one buys: `api.example.co.uk` -> `example.co.uk`. */
export function registrableDomain(host: string): string {
  const labels = host.replace(/^\*\./, "").split(".");
  const size = SECOND_LEVEL.test(labels.slice(-2).join(".")) ? 3 : 2;
  return labels.slice(-size).join(".");
}

/** `api.example.com` by itself; `*.example.com` for every name below it, but not `example.com`. */
export function hostMatches(rules: readonly string[], host: string): boolean {
  return rules.some((rule) =>
    rule.startsWith("*.") ? host.length > rule.length - 1 && host.endsWith(rule.slice(1)) : host === rule,
  );
}
