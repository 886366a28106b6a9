import type { SecretMaterial } from "@alter-vault/protocol";
import { headerValueIssue } from "./injectable-header.ts";
import { prepareParts } from "./overlay.ts";
import type { Prepared } from "./prepared.ts";

/** `Authorization: Bearer <token>` (RFC 6750, 2.1). The stored token is the token alone, without the word in front. */
export function prepareBearer({ token }: Extract<SecretMaterial, { kind: "bearer" }>): Prepared {
  const message =
    headerValueIssue(token) ??
    (/^bearer\s/i.test(token) ? `is stored without "Bearer" in front` : null) ??
    (/\s/.test(token) ? "holds white space" : null);
  const issues = message === null ? [] : [{ path: "value.token", message }];
  return prepareParts(issues, { headers: [["authorization", `Bearer ${token}`]], secrets: [token] });
}
