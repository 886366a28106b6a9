import { ERROR_CODES, type Problem, type SdkErrorName } from "@alter-vault/protocol";
import {
  AgentError,
  AgentInactiveError,
  AgentKeyRequiredError,
  AgentNotAllowedError,
  AgentNotFoundError,
  AgentRevokedError,
  AgentNameExistsError,
  IdempotencyKeyBodyMismatchError,
  InsufficientScopeError,
  InvalidKeyError,
  KeyNotFoundError,
  LastActiveKeyError,
  NoDelegatedGrantError,
  RestrictedGrantRequiresProxyError,
  UserTokenError,
} from "./agent-errors.ts";
import type { AlterSDKError } from "./alter-sdk-error.ts";
import {
  AmbiguousGrantError,
  ApprovalRequiredError,
  BackendError,
  ConnectConfigError,
  ConnectDeniedError,
  ConnectFlowError,
  ConnectTimeoutError,
  GrantDeletedError,
  GrantExpiredError,
  GrantNotFoundError,
  GrantRevokedError,
  NetworkError,
  PolicyViolationError,
  RateLimitError,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
  TimeoutError,
  TokenRefreshInProgressError,
} from "./errors.ts";

const CLASS_OF: Readonly<Record<SdkErrorName, new (message: string, init: ErrorInit) => AlterSDKError>> = {
  BackendError,
  AgentError,
  AgentInactiveError,
  AgentRevokedError,
  AgentNotFoundError,
  LastActiveKeyError,
  AgentNameExistsError,
  IdempotencyKeyBodyMismatchError,
  InvalidKeyError,
  KeyNotFoundError,
  AgentKeyRequiredError,
  AgentNotAllowedError,
  InsufficientScopeError,
  RestrictedGrantRequiresProxyError,
  NoDelegatedGrantError,
  UserTokenError,
  ReAuthRequiredError,
  GrantExpiredError,
  GrantRevokedError,
  GrantDeletedError,
  GrantNotFoundError,
  AmbiguousGrantError,
  PolicyViolationError,
  RateLimitError,
  ApprovalRequiredError,
  TokenRefreshInProgressError,
  ScopeReauthRequiredError,
  ConnectFlowError,
  ConnectDeniedError,
  ConnectConfigError,
  ConnectTimeoutError,
  NetworkError,
  TimeoutError,
};

/** Which credential the refused call was to use. */
export interface AddressedCredential {
  readonly grantId?: string | undefined;
  readonly provider?: string | undefined;
}

type ErrorInit = ReturnType<typeof initOf>;

/**
 * The error for a refusal of the vault. The class follows from the code alone, by the table of `protocol`. What the
 * problem does not say about grant and provider is taken from the call.
 */
export function errorFromProblem(problem: Problem, call: AddressedCredential = {}): AlterSDKError {
  const { sdkError } = ERROR_CODES[problem.code];
  return new CLASS_OF[sdkError](`${sentence(problem.detail)} ${problem.fix}`, initOf(problem, call));
}

function initOf(problem: Problem, call: AddressedCredential) {
  return {
    code: problem.code,
    retryable: problem.retryable,
    requestId: problem.request_id,
    details: { ...problem },
    grantId: problem.grant_id ?? call.grantId,
    providerId: problem.provider_id ?? call.provider,
    accountIdentifiers: problem.account_identifiers,
    missingScopes: problem.missing_scopes,
    policyError: problem.policy_error,
    ruleId: problem.rule_id,
    retryAfterSeconds: problem.retry_after_seconds,
    approvalId: problem.approval_id,
    approvalUrl: problem.approval_url,
    approvalExpiresAt: problem.approval_expires_at,
    statusCode: problem.status,
  };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
