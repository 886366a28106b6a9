import { AlterValueError } from "./errors.ts";

/**
 * Checks the address of the vault. It is an origin and nothing else: the path is covered by the signature, so a vault
 * behind a path prefix could not verify it. Everything but https is refused, except to this machine itself.
 */
export function checkBaseUrl(value: string, allowClearText: boolean): URL {
  if (!URL.canParse(value)) throw wrong("is not a URL");
  const url = new URL(value);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw wrong("must start with https://");
  if (url.username !== "" || url.password !== "") throw wrong("must not hold a user name or password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw wrong("must be scheme, host and port alone. Give the vault a host name of its own instead of a path");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !allowClearText) {
    throw wrong("must be https, because calls and answers would be readable on the way. Use https://");
  }
  return url;
}

/** Whether a host name, as the URL parser writes it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

function wrong(what: string): AlterValueError {
  return new AlterValueError(`Option "baseUrl" ${what}, for example https://vault.example.com.`);
}
