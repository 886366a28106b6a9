/**
 * The wire contract of the vault: what is sent, what is answered, how a request is signed, and every error there is.
 * No I/O, no clock, no randomness, no platform: everybody may import it, and it imports nobody but the schema library.
 */
export {
  Agent,
  AGENT_STATUSES,
  AgentCreate,
  AgentCreated,
  AgentKeyCreate,
  AgentKeyList,
  AgentList,
  AgentUpdate,
  Delegation,
  DelegationCreate,
  DelegationList,
  KeyConstraints,
  KeyRotate,
} from "./agents.ts";
export { API_KEY_PATTERN, API_KEY_RANDOM_BYTES, formatApiKey, parseApiKey, type ApiKeyParts } from "./api-key.ts";
export { Approval, APPROVAL_STATUSES, ApprovalList, ApprovalResult, ApprovalState } from "./approvals.ts";
export { AuditEntry, AuditList, AuditQuery, AuditVerification } from "./audit.ts";
export {
  CONNECT_STATUSES,
  ConnectedGrant,
  ConnectSession,
  ConnectSessionCreate,
  ConnectSessionPoll,
  ConnectSessionState,
  ConnectSettings,
  DeviceConnect,
  DeviceConnectCreate,
  GrantData,
  GrantDataPut,
  GrantPolicy,
  GrantsRevoke,
  GrantsRevoked,
} from "./connect.ts";
export {
  Caller,
  Context,
  ForwardHeaders,
  Injection,
  PROXY_METHODS,
  ProxyMethod,
  RequestEnvelope,
  TargetParams,
} from "./envelope.ts";
export { ERROR_CODES, isErrorCode, type ErrorCode, type SdkErrorName } from "./error-codes.ts";
export { encodeJsonHeader, HEADER, UNSIGNED_STREAM } from "./headers.ts";
export {
  Group,
  Identity,
  IdentityProvider,
  IdentityProviderCreate,
  IdentityProviderList,
  IdentityProviderPreview,
  IdentityProviderUpdate,
  IDP_ALGORITHMS,
  IDP_PRESETS,
  IdpAlgorithm,
  IdpClaims,
  ScimToken,
  User,
  USER_STATUSES,
  VaultSession,
  VaultSessionCreate,
  VaultSessionRevoked,
} from "./identity.ts";
export { formatUuidV7, uuid, UUID_PATTERN } from "./ids.ts";
export { openApiDocument } from "./openapi.ts";
export { policy, rule, type RuleBuilder } from "./policy/builder.ts";
export { ACCESS_CLASSES, Conditions } from "./policy/conditions.ts";
export { POLICY_OUTCOMES, PolicyCase, PolicyCases, PolicyRequest } from "./policy/case.ts";
export { CedarRule, PolicyDocument, Rule, RuleScope, type ScopeKind } from "./policy/document.ts";
export { Approvers, Effect } from "./policy/effects.ts";
export { BodyTest, QueryTest } from "./policy/field-test.ts";
export {
  ExplainedRule,
  PolicyExplain,
  PolicyExplanation,
  PolicyPublish,
  PolicyShadow,
  PolicyState,
  PolicyVersionDocument,
  Stop,
} from "./policy/resources.ts";
export { TimeWindow, WEEKDAYS } from "./policy/time-window.ts";
export { Preview, previewOfRefusal } from "./preview.ts";
export { makeProblem, Problem, type ProblemDetails } from "./problem.ts";
export {
  ProviderConfig,
  ProviderConfigPut,
  ProviderInfo,
  ProviderList,
  providerScopes,
  ServiceGrantCreate,
} from "./providers.ts";
export { CONNECTION_HEADERS, isReservedHeader } from "./reserved-headers.ts";
export {
  ApiKey,
  ApiKeyCreate,
  ApiKeyCreated,
  ApiKeyList,
  App,
  AppCreate,
  AppList,
  Grant,
  GRANT_STATUSES,
  GrantCreate,
  GrantDataDocument,
  GrantList,
  GrantQuery,
  GrantRevoke,
  GrantRevoked,
  GrantUpdate,
  Health,
  InjectionRule,
  KeyringState,
  PageQuery,
  Principal,
  Secret,
  SECRET_KINDS,
  SecretCreate,
  SecretCreated,
  SecretList,
  SecretMaterial,
  SecretRotate,
  SecretUpdate,
  WhoAmI,
} from "./resources.ts";
export { ROUTES, type RouteId } from "./routes.ts";
export type { Route } from "./routes/route.ts";
export { AGENT_SCOPES, RUNTIME_SCOPES, Scope, SCOPES } from "./scopes.ts";
export {
  coveredComponents,
  EMPTY_CONTENT_DIGEST,
  MAX_CLOCK_SKEW_SECONDS,
  normalizeAuthority,
  parseSignature,
  SIGNATURE_TAG,
  signatureBase,
  signatureInput,
  SIGNING_KEY_INFO,
  type ParsedSignature,
  type SignatureParams,
  type SignedMessage,
} from "./signature.ts";
