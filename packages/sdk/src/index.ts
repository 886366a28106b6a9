export {
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
export type { AgentInfo } from "./agent-info.ts";
export type {
  AgentKeyWish,
  Agents,
  CreateAgentOptions,
  CreatedAgent,
  ListAgentsOptions,
  MintKeyOptions,
  UpdateAgentOptions,
} from "./agents.ts";
export { AlterSDKError, type AlterErrorInit, type LocalErrorCode, type SdkErrorCode } from "./alter-sdk-error.ts";
export { AlterVault } from "./alter-vault.ts";
export { ActorType } from "./actor-type.ts";
export { readToolAnswer, runTool, type ToolExecution, type ToolRequest, type ToolScope } from "./adapter.ts";
export type { ActionOptions, ActionRequired } from "./adapter-action.ts";
export {
  attempt,
  attemptTool,
  missingConnections,
  toolVault,
  type Attempt,
  type ConnectionNeeds,
} from "./adapter-attempt.ts";
export { checkToolForm, previewToolForm, type ExecuteForm, type RequestForm, type ToolForm } from "./adapter-form.ts";
export { describeFailure, type ModelFailure, type SafeFailure } from "./adapter-failure.ts";
export { operationTools, type ObjectSchema, type OperationOptions, type OperationTool } from "./adapter-operation.ts";
export type { WaitOptions } from "./adapter-wait.ts";
export { createUserSessions, type UserSessionOptions, type UserVault } from "./adapter-session.ts";
export { currentGeneration, watchGenerations, type Generation } from "./ai-generation.ts";
export { contextText, resolveIds, type IdSource, type ToolIds } from "./adapter-ids.ts";
export type { ApiKeyInfo, Keys, NewApiKey, RevokeKeyOptions, RotateKeyOptions } from "./api-keys.ts";
export type { AuditEntry, AuditListResult, ListAuditOptions } from "./audit-log.ts";
export type { AwsClientConfig, AwsHttpResponse, AwsOptions, AwsRequestHandler } from "./aws.ts";
export type { AwsHttpRequest } from "./aws-request.ts";
export type { BodyInput } from "./body.ts";
export type { VaultCalls } from "./bound-vault.ts";
export type { Redirect } from "./call.ts";
export type { ConnectionCheck, ConnectionNeed } from "./check-connection.ts";
export type { CredentialOptions, ViewDefaults } from "./call-defaults.ts";
export type { RouteOptions } from "./call-route.ts";
export type { ActorOptions, CallerOptions } from "./caller.ts";
export { CallerType } from "./caller-type.ts";
export type { ConnectOptions } from "./connect.ts";
export type { ConnectDeviceOptions, DeviceCode } from "./connect-device.ts";
export type { ConnectForErrorOptions } from "./connect-for-error.ts";
export type { ConnectResult } from "./connect-result.ts";
export type { ConnectSession, ConnectSessionOptions, ConnectSessionState, ConnectWishes } from "./connect-session.ts";
export { currentContext, withContext, type CallContext } from "./context.ts";
export type { CreateDelegationOptions, DelegationInfo, Delegations, ListDelegationsOptions } from "./delegations.ts";
export {
  AgentCannotMintSubagentsError,
  IdempotencyKeyAgentInactiveError,
  IdempotencyKeyAgentRevokedError,
  KeyRevokedError,
  ConnectionDeletedError,
  ConnectionExpiredError,
  ConnectionNotFoundError,
  ConnectionRevokedError,
  CredentialRevokedError,
  MeRequiresAgentKeyError,
  TokenExpiredError,
  TokenRetrievalError,
} from "./error-aliases.ts";
export {
  ApprovalDeniedError,
  ApprovalError,
  ApprovalExecutionFailedError,
  ApprovalExpiredError,
  ApprovalTimeoutError,
  type ApprovalErrorInit,
} from "./approval-errors.ts";
export type { ApprovalRef, ApprovalResult, ApprovalStatus, AwaitApprovalOptions } from "./approvals.ts";
export {
  AlterValueError,
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
  ProviderAPIError,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
  TimeoutError,
  TokenRefreshInProgressError,
  type AmbiguousGrantErrorInit,
  type ApprovalRequiredErrorInit,
  type ConnectFlowErrorInit,
  type GrantErrorInit,
  type PolicyViolationErrorInit,
  type RateLimitErrorInit,
  type ProviderAPIErrorInit,
  type ScopeReauthRequiredErrorInit,
} from "./errors.ts";
export type { FetchOptions } from "./fetch-through.ts";
export type { HeadersInput } from "./forward-headers.ts";
export type { GrantInfo } from "./grant-info.ts";
export type {
  ConnectionListResult,
  CreateManagedSecretGrantOptions,
  GrantListResult,
  GrantsOptions,
  ListGrantsOptions,
  WhoAmIResult,
} from "./grants.ts";
export type { GrantPolicy, GrantPolicyInput, GrantPolicyOptions } from "./grant-policy.ts";
export type { RevokeGrantOptions, RevokeGrantResult, RevokeGrantsFilter, RevokeGrantsResult } from "./revoke-grants.ts";
export { HttpMethod } from "./http-method.ts";
export type { ResolvedIdentity, UserGroup, VerifiedUser } from "./identity.ts";
export type { MeResult } from "./me.ts";
export type { ListProvidersOptions, OAuthProviderInfo, OAuthProviders } from "./oauth-providers.ts";
export {
  agentPrincipal,
  groupPrincipal,
  systemPrincipal,
  userPrincipal,
  type AgentPrincipal,
  type GroupPrincipal,
  type Principal,
  type SystemPrincipal,
  type UserPrincipal,
} from "./principals.ts";
export type { Preview } from "./preview.ts";
export { Provider } from "./provider.generated.ts";
export { requestIdOf } from "./provider-response.ts";
export type { CallOptions, RequestOptions } from "./request-options.ts";
export type { AuthenticateOptions, AuthResult } from "./sign-in/authenticate.ts";
export type { UserInfo } from "./sign-in/tokens.ts";
export type { PathParams, QueryParams } from "./target-params.ts";
export type { AlterLogger, AlterVaultOptions, Fetch, Mode } from "./vault-options.ts";
export type { UserToken, UserTokenGetter } from "./user-token.ts";
export type { VaultSession, VaultSessionOptions } from "./vault-session.ts";
export type { VaultView } from "./vault-view.ts";
