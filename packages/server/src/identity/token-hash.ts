import { hash } from "node:crypto";

/** What a bearer token is kept and found by: long random tokens need no slower hash. */
export function tokenHash(token: string): string {
  return hash("sha256", token, "base64url");
}
