import type { IncomingMessage } from "node:http";

/**
 * Whether a form was sent from a page of the vault. The token in the form is the right to act; this keeps a page of
 * somebody else who has a token from acting in the user's browser without the user seeing where. The pages send no
 * referrer, and browsers then say `Origin: null`, so that it is `Sec-Fetch-Site` that tells.
 */
export function isFromOwnPage({ headers }: Pick<IncomingMessage, "headers">, publicUrl: string): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin } = headers;
  return origin === undefined || origin === "null" || origin === publicUrl;
}
