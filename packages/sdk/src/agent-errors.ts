import type { SdkErrorCode } from "./alter-sdk-error.ts";
import { BackendError } from "./errors.ts";

/** Something about an agent or a key. `code` says what. */
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

/** There is an agent of this name in the app. */
export class AgentNameExistsError extends AgentError {
  static override readonly errorName: string = "AgentNameExistsError";
  static override readonly defaultCode: SdkErrorCode = "agent_name_exists";
}

/** The key that signs is unknown, expired or revoked. */
export class InvalidKeyError extends AgentError {
  static override readonly errorName: string = "InvalidKeyError";
  static override readonly defaultCode: SdkErrorCode = "invalid_key";
}

/** There is no such key in this app. */
export class KeyNotFoundError extends AgentError {
  static override readonly errorName: string = "KeyNotFoundError";
  static override readonly defaultCode: SdkErrorCode = "key_not_found";
}

/** Only an agent can ask for this, and the key is the app's own. */
export class AgentKeyRequiredError extends AgentError {
  static override readonly errorName: string = "AgentKeyRequiredError";
  static override readonly defaultCode: SdkErrorCode = "agent_key_required";
}

/** An agent may not do this, such as making agents or keys. */
export class AgentNotAllowedError extends AgentError {
  static override readonly errorName: string = "AgentNotAllowedError";
  static override readonly defaultCode: SdkErrorCode = "agent_not_allowed";
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

/** The key, or the session, lacks a scope: `details.required_scope`. */
export class InsufficientScopeError extends BackendError {
  static override readonly errorName: string = "InsufficientScopeError";
  static override readonly defaultCode: SdkErrorCode = "insufficient_scope";
}

/** The grant may be used only by the vault itself: call without `mode: "retrieve"`. */
export class RestrictedGrantRequiresProxyError extends BackendError {
  static override readonly errorName: string = "RestrictedGrantRequiresProxyError";
  static override readonly defaultCode: SdkErrorCode = "retrieve_not_allowed";
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
