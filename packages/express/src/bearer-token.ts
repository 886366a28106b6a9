import type { Request } from "express";

/** What is wrong with the user of a request, for `vaultErrorHandler()`, and for Express' own, which sends `headers`. */
export class RequestUserError extends Error {
  override readonly name = "RequestUserError";
  readonly status = 401;
  readonly statusCode = 401;
  readonly code: "user_token_missing" | "user_token_invalid";
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RequestUserError["code"], message: string) {
    super(message);
    this.code = code;
    this.headers = { "WWW-Authenticate": challenge(code === "user_token_missing" ? undefined : message) };
  }
}

/** RFC 6750: without a token only the realm is said. */
export function challenge(invalid?: string): string {
  const realm = 'Bearer realm="vault"';
  if (invalid === undefined) return realm;
  return `${realm}, error="invalid_token", error_description="${invalid.replaceAll(/[^\x20-\x7e]|["\\]/g, "")}"`;
}

/** The bearer token of a request; undefined for one without. Throws for a header that is another one. */
export function bearerToken(request: Request): string | undefined {
  const header = request.get("authorization");
  if (header === undefined) return undefined;
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(header)?.[1];
  if (token === undefined)
    throw new RequestUserError("user_token_invalid", "The Authorization header holds no bearer token.");
  return token;
}
