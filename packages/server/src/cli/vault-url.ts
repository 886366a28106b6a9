import { usageError } from "./cli-error.ts";

/**
 * The address of a vault as given by --url or ALTER_VAULT_URL: an origin and nothing more, because the path is part of
 * what is signed. Clear text is for this machine only: `secrets create` sends values.
 */
export function checkVaultUrl(text: string): string {
  if (!URL.canParse(text)) throw usageError(`the address of the vault is not a URL: ${text}`, EXAMPLE);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw usageError("the address of the vault must start with https://", EXAMPLE);
  if (url.username || url.password)
    throw usageError("the address of the vault must not hold a user name or password", EXAMPLE);
  if (url.pathname !== "/" || url.search || url.hash)
    throw usageError("the address of the vault must be scheme, host and port alone", EXAMPLE);
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw usageError("the address of the vault must be https: others could read what is sent to it", EXAMPLE);
  }
  return url.origin;
}

const EXAMPLE = "Write it like https://vault.example.com, or http://127.0.0.1:8200 on this machine.";

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** A vault that listens on every address is reached at this machine's own. */
export function reachableUrl(text: string): string {
  const url = new URL(text);
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  return url.origin;
}
