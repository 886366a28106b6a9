import {
  AgentInactiveError,
  AgentKeyRequiredError,
  AgentNotAllowedError,
  AgentRevokedError,
  InvalidKeyError,
} from "./agent-errors.ts";
import {
  BackendError,
  GrantDeletedError,
  GrantExpiredError,
  GrantNotFoundError,
  GrantRevokedError,
  ReAuthRequiredError,
} from "./errors.ts";

/** Older names of the same classes, from when a grant was called a connection. */
export const ConnectionExpiredError: typeof GrantExpiredError = GrantExpiredError;
export type ConnectionExpiredError = GrantExpiredError;

export const ConnectionRevokedError: typeof GrantRevokedError = GrantRevokedError;
export type ConnectionRevokedError = GrantRevokedError;

export const ConnectionDeletedError: typeof GrantDeletedError = GrantDeletedError;
export type ConnectionDeletedError = GrantDeletedError;

export const ConnectionNotFoundError: typeof GrantNotFoundError = GrantNotFoundError;
export type ConnectionNotFoundError = GrantNotFoundError;

/** The oldest name for "the credential cannot be refreshed any more". */
export const TokenExpiredError: typeof ReAuthRequiredError = ReAuthRequiredError;
export type TokenExpiredError = ReAuthRequiredError;

/** Another name for it, for a credential that was revoked at the provider. */
export const CredentialRevokedError: typeof ReAuthRequiredError = ReAuthRequiredError;
export type CredentialRevokedError = ReAuthRequiredError;

/** Names by what one tried to do. */
export const MeRequiresAgentKeyError: typeof AgentKeyRequiredError = AgentKeyRequiredError;
export type MeRequiresAgentKeyError = AgentKeyRequiredError;

export const AgentCannotMintSubagentsError: typeof AgentNotAllowedError = AgentNotAllowedError;
export type AgentCannotMintSubagentsError = AgentNotAllowedError;

/** A key that was revoked is refused in the same words as one that never was. */
export const KeyRevokedError: typeof InvalidKeyError = InvalidKeyError;
export type KeyRevokedError = InvalidKeyError;

/** Making an agent again, by its idempotency key, when it was revoked or paused meanwhile. */
export const IdempotencyKeyAgentRevokedError: typeof AgentRevokedError = AgentRevokedError;
export type IdempotencyKeyAgentRevokedError = AgentRevokedError;

export const IdempotencyKeyAgentInactiveError: typeof AgentInactiveError = AgentInactiveError;
export type IdempotencyKeyAgentInactiveError = AgentInactiveError;

/** The oldest name for every other refusal of the vault. */
export const TokenRetrievalError: typeof BackendError = BackendError;
export type TokenRetrievalError = BackendError;
