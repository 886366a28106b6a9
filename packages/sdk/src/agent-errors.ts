import type { SdkErrorCode } from "./alter-sdk-error.ts";
import { BackendError } from "./errors.ts";

/** Something about an agent or its keys. `code` says what. */
export class AgentError extends BackendError {
  static override readonly errorName: string = "AgentError";
}

/** The agent is paused: an operator can resume it. */
export class AgentInactiveError extends AgentError {
  static override readonly errorName: string = "AgentInactiveError";
  static override readonly defaultCode: SdkErrorCode = "agent_inactive";
}

/** The agent was ended for good. */
export class AgentRevokedError extends AgentError {
  static override readonly errorName: string = "AgentRevokedError";
  static override readonly defaultCode: SdkErrorCode = "agent_revoked";
}

/** There is no such agent in this app. */
export class AgentNotFoundError extends AgentError {
  static override readonly errorName: string = "AgentNotFoundError";
  static override readonly defaultCode: SdkErrorCode = "agent_not_found";
}

/** The agent would be left without a key that works. Make another first, or pass `force`. */
export class LastActiveKeyError extends AgentError {
  static override readonly errorName: string = "LastActiveKeyError";
  static override readonly defaultCode: SdkErrorCode = "last_active_key";
}

/** The idempotency key was used before, with another body. */
export class IdempotencyKeyBodyMismatchError extends AgentError {
  static override readonly errorName: string = "IdempotencyKeyBodyMismatchError";
  static override readonly defaultCode: SdkErrorCode = "idempotency_mismatch";
}

/** The agent has no grant for this: nobody delegated one, and none was issued to it. */
export class NoDelegatedGrantError extends BackendError {
  static override readonly errorName: string = "NoDelegatedGrantError";
  static override readonly defaultCode: SdkErrorCode = "no_delegated_grant";
}

/** The end user's token, or the session that stands in for it, is missing, not accepted, or over. */
export class UserTokenError extends BackendError {
  static override readonly errorName: string = "UserTokenError";
  static override readonly defaultCode: SdkErrorCode = "user_token_invalid";
}
