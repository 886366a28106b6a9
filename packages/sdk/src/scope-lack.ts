import { ERROR_CODES, HEADER } from "@alter-vault/protocol";
import type { AddressedCredential } from "./error-from-problem.ts";
import { ScopeReauthRequiredError, type ProviderAPIErrorInit } from "./errors.ts";
import { parseJson } from "./vault-answer.ts";

/** What the vault says of a provider's 403 that comes of scopes the grant lacks. */
export interface ScopeLack {
  readonly grantId: string | undefined;
  readonly providerId: string | undefined;
  /** Empty where the provider does not say which. */
  readonly missingScopes: readonly string[];
}

/** Reads the headers of an answer that came through the vault. A provider's own cannot carry them. */
export function readScopeLack({ status, headers }: Response, call: AddressedCredential): ScopeLack | undefined {
  const text = headers.get(HEADER.missingScopes);
  if (status !== 403 || text === null) return undefined;
  const missingScopes = parseJson(text);
  if (!isTexts(missingScopes)) return undefined;
  return {
    grantId: headers.get(HEADER.grantId) ?? call.grantId,
    providerId: headers.get(HEADER.provider) ?? call.provider,
    missingScopes,
  };
}

export function scopeReauthRequired(
  message: string,
  init: ProviderAPIErrorInit,
  lack: ScopeLack,
): ScopeReauthRequiredError {
  const { fix } = ERROR_CODES.scope_reauth_required;
  const detail = "The provider refuses the call because the grant lacks a scope.";
  const details = { detail, fix, missing_scopes: lack.missingScopes };
  return new ScopeReauthRequiredError(`${message} The grant lacks a scope. ${fix}`, { ...init, ...lack, details });
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
