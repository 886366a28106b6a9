import { textAt, resolvePointer } from "./resolve-pointer.ts";
import type { Provider } from "./schema.ts";
import type { ErrorClass } from "./schema/errors.ts";

/** What was wrong, and what to do about it. `code` is the provider's own, or `http_<status>`. */
export interface ProviderError {
  readonly class: ErrorClass;
  readonly code: string;
  readonly description?: string;
}

/** RFC 6749 5.2 and 4.1.2.1, RFC 6750, RFC 8628. */
const STANDARD: Readonly<Record<string, ErrorClass>> = {
  invalid_grant: "reauth",
  invalid_token: "reauth",
  access_denied: "reauth",
  interaction_required: "reauth",
  login_required: "reauth",
  consent_required: "reauth",
  expired_token: "reauth",
  invalid_client: "permanent",
  unauthorized_client: "permanent",
  unsupported_grant_type: "permanent",
  unsupported_response_type: "permanent",
  invalid_request: "permanent",
  invalid_scope: "permanent",
  temporarily_unavailable: "transient",
  server_error: "transient",
  slow_down: "transient",
  authorization_pending: "transient",
  insufficient_scope: "scope",
};

/**
 * Tells an error of the provider apart from a good answer, and errors from one another. `undefined`: no error.
 *
 * The provider's own codes win over the standard ones, both win over the status. An answer nobody can read is
 * `transient`: a grant is never given up because of garbage.
 *
 * @param source `token` for token and refresh answers, `api` for answers of the API, which may have their code elsewhere.
 */
export function classifyError(
  provider: Pick<Provider, "errors">,
  answer: { readonly status: number; readonly json: unknown },
  source: "token" | "api" = "token",
): ProviderError | undefined {
  const { errors } = provider;
  const pointers = source === "api" && errors.apiCode.length > 0 ? [...errors.apiCode, errors.code] : [errors.code];
  const codes = pointers.map((pointer) => textAt(answer.json, pointer)).filter((code) => code !== undefined);
  if (answer.status < 400 && !isInBandError(provider, answer.json, codes)) return undefined;
  const description = textAt(answer.json, errors.description);
  const told = (kind: ErrorClass, code: string): ProviderError => ({
    class: kind,
    code,
    ...(description === undefined ? {} : { description }),
  });
  for (const code of codes) {
    const kind = ownClass(provider, code) ?? (Object.hasOwn(STANDARD, code) ? STANDARD[code] : undefined);
    if (kind) return told(kind, code);
  }
  const code = codes[0] ?? `http_${answer.status}`;
  if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) return told("transient", code);
  // With codes of its own, a provider uses the same status for other refusals as well.
  if (source === "api" && answer.status === errors.scopeStatus && errors.scope.length === 0) return told("scope", code);
  if (source === "api" && answer.status === 401) return told("reauth", code);
  return told(codes.length === 0 ? "transient" : "permanent", code);
}

function isInBandError(provider: Pick<Provider, "errors">, json: unknown, codes: readonly string[]): boolean {
  const { inBand } = provider.errors;
  if (!inBand) return false;
  if (inBand.ok === undefined) return codes.length > 0;
  return resolvePointer(json, inBand.ok) !== true;
}

function ownClass({ errors }: Pick<Provider, "errors">, code: string): ErrorClass | undefined {
  if (errors.reauth.includes(code)) return "reauth";
  if (errors.permanent.includes(code)) return "permanent";
  if (errors.transient.includes(code)) return "transient";
  return errors.scope.includes(code) ? "scope" : undefined;
}
