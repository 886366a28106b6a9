import { isIP, isIPv4 } from "node:net";
import { domainToUnicode } from "node:url";
import type { ErrorCode } from "@alter-vault/protocol";
import { bareAddress, isForbiddenAddress } from "./addresses.ts";

export type AuthorityProblem = { readonly code: ErrorCode; readonly detail: string };

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const HOST_AND_PORT = /^(.*?)(?::([^:\]]*))?$/s;

/**
 * Whether the authority of a URL, as it was written, is the one the parser made of it. A parser repairs a lot: it reads
 * `0x7f.1` and full-width digits as addresses, and drops soft hyphens. What was written and what is called must be the
 * same host, or a person, a policy and the network each see another one.
 */
export function checkAuthority(
  raw: string,
  url: URL,
  options: { readonly allowLoopback: boolean },
): AuthorityProblem | null {
  const [, rawHost = "", rawPort] = HOST_AND_PORT.exec(raw) ?? [];
  const host = rawHost.toLowerCase();
  const address = bareAddress(url.hostname);
  if (isIP(address) !== 0) return checkAddress(host, url.hostname, address, options) ?? checkPort(rawPort, url);
  if (!HOST_NAME.test(url.hostname)) return { code: "target_invalid", detail: "the host is not a host name" };
  if (host !== url.hostname && !isItsUnicodeForm(host, url.hostname)) {
    return { code: "target_invalid", detail: "the host is not written in its canonical form" };
  }
  return checkLocalhost(url.hostname, options) ?? checkPort(rawPort, url);
}

function checkAddress(
  rawHost: string,
  hostname: string,
  address: string,
  options: { readonly allowLoopback: boolean },
): AuthorityProblem | null {
  if (rawHost !== hostname) {
    return {
      code: "target_address_forbidden",
      detail: `the address is not written in its canonical form, ${hostname}`,
    };
  }
  if (!isForbiddenAddress(address, options)) return null;
  return { code: "target_address_forbidden", detail: `${hostname} is not a public address` };
}

/** `localhost` and its subdomains are loopback by name (RFC 6761, 6.3). Only the plain one has a use here. */
function checkLocalhost(hostname: string, options: { readonly allowLoopback: boolean }): AuthorityProblem | null {
  const isLocal = hostname === "localhost" || hostname.endsWith(".localhost");
  if (!isLocal || (hostname === "localhost" && options.allowLoopback)) return null;
  return { code: "target_address_forbidden", detail: `${hostname} is not a public host` };
}

function checkPort(rawPort: string | undefined, url: URL): AuthorityProblem | null {
  if (rawPort === undefined) return null;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return rawPort === port && port !== "0"
    ? null
    : { code: "target_invalid", detail: "the port is not a plain number from 1 to 65535" };
}

/** Not true for a host that has a plain ASCII reading, so look-alikes made of full-width letters do not pass. */
function isItsUnicodeForm(rawHost: string, hostname: string): boolean {
  return hostname.includes("xn--") && domainToUnicode(hostname) === rawHost.normalize("NFC");
}

/** Whether text that no parser could make a host of was meant to be an address. */
export function looksLikeAddress(rawAuthority: string): boolean {
  return rawAuthority.startsWith("[") || isIPv4(rawAuthority) || /^[0-9.x]+(?::\d*)?$/i.test(rawAuthority);
}
