import { AlterSDKError, hide, type AlterErrorInit, type SdkErrorCode } from "./alter-sdk-error.ts";
import type { ConnectResult } from "./connect-result.ts";

/** An option or argument is wrong. The message names it and says what to do. Nothing was sent. */
export class AlterValueError extends AlterSDKError {
  static override readonly errorName: string = "AlterValueError";
  static override readonly defaultCode: SdkErrorCode = "invalid_option";
}

export interface GrantErrorInit extends AlterErrorInit {
  readonly grantId?: string | undefined;
  readonly providerId?: string | undefined;
}

/** The vault refused, or could not do, what was asked. `code` says why. */
export class BackendError extends AlterSDKError {
  static override readonly errorName: string = "BackendError";
  static override readonly defaultCode: SdkErrorCode = "internal";

  readonly grantId: string | undefined;
  readonly providerId: string | undefined;

  constructor(message: string, init: GrantErrorInit = {}) {
    super(message, init);
    this.grantId = init.grantId;
    this.providerId = init.providerId;
  }

  /** The older name of `grantId`. */
  get connectionId(): string | undefined {
    return this.grantId;
  }
}

/** The credential no longer works. A person must connect again. */
export class ReAuthRequiredError extends BackendError {
  static override readonly errorName: string = "ReAuthRequiredError";
  static override readonly defaultCode: SdkErrorCode = "reauth_required";
}

/** The grant's time is over. Connecting again keeps the grant id. */
export class GrantExpiredError extends ReAuthRequiredError {
  static override readonly errorName: string = "GrantExpiredError";
  static override readonly defaultCode: SdkErrorCode = "grant_expired";
}

/** The grant was revoked, here or at the provider. Connecting again keeps the grant id. */
export class GrantRevokedError extends ReAuthRequiredError {
  static override readonly errorName: string = "GrantRevokedError";
  static override readonly defaultCode: SdkErrorCode = "grant_revoked";
}

/** The grant was deleted. Connecting again makes a new grant id, which must be stored. */
export class GrantDeletedError extends ReAuthRequiredError {
  static override readonly errorName: string = "GrantDeletedError";
  static override readonly defaultCode: SdkErrorCode = "grant_deleted";
}

/** There is no such grant for this app. Grants of other apps do not exist either. */
export class GrantNotFoundError extends BackendError {
  static override readonly errorName: string = "GrantNotFoundError";
  static override readonly defaultCode: SdkErrorCode = "grant_not_found";
}

export interface AmbiguousGrantErrorInit extends GrantErrorInit {
  readonly accountIdentifiers?: readonly string[] | undefined;
}

/** More than one grant matches. Pass `account`, one of `accountIdentifiers`, or a grant id. */
export class AmbiguousGrantError extends BackendError {
  static override readonly errorName: string = "AmbiguousGrantError";
  static override readonly defaultCode: SdkErrorCode = "ambiguous_grant";

  readonly accountIdentifiers: readonly string[];

  constructor(message: string, init: AmbiguousGrantErrorInit = {}) {
    super(message, init);
    this.accountIdentifiers = init.accountIdentifiers ?? [];
  }
}

export interface PolicyViolationErrorInit extends GrantErrorInit {
  readonly policyError?: string | undefined;
  readonly ruleId?: string | undefined;
}

/** A rule denies the call. {@link RateLimitError} is one of these, too. */
export class PolicyViolationError extends BackendError {
  static override readonly errorName: string = "PolicyViolationError";
  static override readonly defaultCode: SdkErrorCode = "policy_denied";

  /** The reason of the rule, for a person to read. */
  readonly policyError: string | undefined;
  readonly ruleId: string | undefined;

  constructor(message: string, init: PolicyViolationErrorInit = {}) {
    super(message, init);
    this.policyError = init.policyError;
    this.ruleId = init.ruleId;
  }
}

export interface RateLimitErrorInit extends PolicyViolationErrorInit {
  readonly retryAfterSeconds?: number | undefined;
}

/** The call is over a rate limit of the app, a rule, or the key. It may be made again after a while. */
export class RateLimitError extends PolicyViolationError {
  static override readonly errorName: string = "RateLimitError";
  static override readonly defaultCode: SdkErrorCode = "rate_limited";

  /** How long to wait; undefined where the vault did not say. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, init: RateLimitErrorInit = {}) {
    super(message, init);
    this.retryAfterSeconds = init.retryAfterSeconds;
  }
}

export interface ApprovalRequiredErrorInit extends PolicyViolationErrorInit {
  readonly approvalId?: string | undefined;
  readonly approvalUrl?: string | undefined;
  readonly approvalExpiresAt?: string | undefined;
}

/** Somebody must approve the call. Once that is done, the very same call goes through. */
export class ApprovalRequiredError extends PolicyViolationError {
  static override readonly errorName: string = "ApprovalRequiredError";
  static override readonly defaultCode: SdkErrorCode = "approval_required";

  /** The same for the same call, as long as it waits. */
  readonly approvalId: string | undefined;
  /** Where it is approved; works once. */
  readonly approvalUrl: string | undefined;
  /** ISO 8601. */
  readonly approvalExpiresAt: string | undefined;

  constructor(message: string, init: ApprovalRequiredErrorInit = {}) {
    super(message, init);
    this.approvalId = init.approvalId;
    this.approvalUrl = init.approvalUrl;
    this.approvalExpiresAt = init.approvalExpiresAt;
  }
}

/** Another call is refreshing the credential. Try again in a moment. */
export class TokenRefreshInProgressError extends BackendError {
  static override readonly errorName: string = "TokenRefreshInProgressError";
  static override readonly defaultCode: SdkErrorCode = "token_refresh_in_progress";
}

export interface ConnectFlowErrorInit extends AlterErrorInit {
  readonly providerId?: string | undefined;
  readonly connected?: readonly ConnectResult[] | undefined;
}

/** Connecting an account did not work. */
export class ConnectFlowError extends AlterSDKError {
  static override readonly errorName: string = "ConnectFlowError";

  readonly providerId: string | undefined;
  /** What was connected before, where several were to be. Printing and serializing leave it out. */
  declare readonly connected: readonly ConnectResult[];

  constructor(message: string, init: ConnectFlowErrorInit = {}) {
    super(message, init);
    this.providerId = init.providerId;
    hide(this, "connected", init.connected ?? []);
  }
}

/** The user declined. */
export class ConnectDeniedError extends ConnectFlowError {
  static override readonly errorName: string = "ConnectDeniedError";
  static override readonly defaultCode: SdkErrorCode = "connect_denied";
}

/** The provider is not set up correctly: client id, secret or redirect URI. */
export class ConnectConfigError extends ConnectFlowError {
  static override readonly errorName: string = "ConnectConfigError";
  static override readonly defaultCode: SdkErrorCode = "connect_config";
}

/** The user did not finish in time. */
export class ConnectTimeoutError extends ConnectFlowError {
  static override readonly errorName: string = "ConnectTimeoutError";
  static override readonly defaultCode: SdkErrorCode = "connect_timeout";
}

export interface ProviderAPIErrorInit extends AlterErrorInit {
  readonly statusCode: number;
  readonly responseBody?: string | undefined;
  readonly headers?: Headers | undefined;
}

const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/**
 * The provider answered with 4xx or 5xx. The call itself went through the vault and was done.
 * Body and headers are the provider's data, so printing or serializing the error leaves them out.
 */
export class ProviderAPIError extends AlterSDKError {
  static override readonly errorName: string = "ProviderAPIError";
  static override readonly defaultCode: SdkErrorCode = "provider_error";

  readonly statusCode: number;
  /** The provider's answer as text, at most 64 KB of it. */
  declare readonly responseBody: string;
  declare readonly headers: Headers;

  constructor(message: string, init: ProviderAPIErrorInit) {
    const byStatus = init.code === undefined ? WORTH_ANOTHER_TRY.has(init.statusCode) : undefined;
    super(message, { ...init, retryable: init.retryable ?? byStatus });
    this.statusCode = init.statusCode;
    hide(this, "responseBody", init.responseBody ?? "");
    hide(this, "headers", init.headers ?? new Headers());
  }
}

export interface ScopeReauthRequiredErrorInit extends Partial<ProviderAPIErrorInit> {
  readonly grantId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly missingScopes?: readonly string[] | undefined;
}

/** The grant lacks a scope the provider asks for. The user must connect again for the missing ones. */
export class ScopeReauthRequiredError extends ProviderAPIError {
  static override readonly errorName: string = "ScopeReauthRequiredError";
  static override readonly defaultCode: SdkErrorCode = "scope_reauth_required";

  readonly grantId: string | undefined;
  readonly providerId: string | undefined;
  /** Empty where the provider does not say which. */
  readonly missingScopes: readonly string[];

  constructor(message: string, init: ScopeReauthRequiredErrorInit = {}) {
    super(message, { statusCode: 403, ...init });
    this.grantId = init.grantId;
    this.providerId = init.providerId;
    this.missingScopes = init.missingScopes ?? [];
  }

  /** The older name of `grantId`. */
  get connectionId(): string | undefined {
    return this.grantId;
  }
}

/** The vault or the provider cannot be reached. A call that changes something may have been done all the same. */
export class NetworkError extends AlterSDKError {
  static override readonly errorName: string = "NetworkError";
  static override readonly defaultCode: SdkErrorCode = "network_error";
}

/** No answer in time. */
export class TimeoutError extends NetworkError {
  static override readonly errorName: string = "TimeoutError";
  static override readonly defaultCode: SdkErrorCode = "timeout";
}
