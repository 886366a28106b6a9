import { CONNECTION_HEADERS } from "@alter-vault/protocol";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Why a credential may not go into a header of this name, or `null`. `cookie` only where the rule is custom. */
export function headerNameIssue(name: string, allow: { readonly cookie: boolean }): string | null {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) return "is not a header name";
  if (CONNECTION_HEADERS.includes(lower) || lower.startsWith("proxy-"))
    return `"${lower}" belongs to the connection, not to a credential`;
  if (lower === "cookie" && !allow.cookie) return `"cookie" can only be set by an injection of kind "custom"`;
  return null;
}

/** Why a header cannot carry this value as it is, or `null`. Never quotes the value. */
export function headerValueIssue(value: string): string | null {
  if (value === "") return "is empty";
  // RFC 9110, 5.5: no CR, LF, NUL or other controls. Anything else would end the header, or the request.
  if (hasControl(value)) return "holds a control character";
  if (/[^\x20-\xff]/.test(value)) return "holds a character that no HTTP header can carry";
  // HTTP strips it, and the provider would see another value than the stored one.
  if (value.trim() !== value) return "starts or ends with white space";
  return null;
}

/** Whether there is an ASCII control character in it. */
export function hasControl(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- finding them is the point
  return /[\x00-\x1f\x7f]/.test(value);
}
