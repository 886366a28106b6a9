/**
 * The closed table of error codes. Server, SDK, adapters and docs are typed by it; a code that is not here does not
 * exist. `status` is what HTTP says, `retryable` whether the very same call may succeed later without anybody acting,
 * `fix` what the developer who reads it should do, `sdkError` the class the SDK throws for it.
 */
interface ErrorCodeEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
  readonly fix: string;
  readonly sdkError: SdkErrorName;
}

export type SdkErrorName =
  | "BackendError"
  | "AgentError"
  | "AgentInactiveError"
  | "AgentRevokedError"
  | "AgentNotFoundError"
  | "LastActiveKeyError"
  | "IdempotencyKeyBodyMismatchError"
  | "AgentNameExistsError"
  | "InvalidKeyError"
  | "KeyNotFoundError"
  | "AgentKeyRequiredError"
  | "AgentNotAllowedError"
  | "InsufficientScopeError"
  | "RestrictedGrantRequiresProxyError"
  | "NoDelegatedGrantError"
  | "UserTokenError"
  | "ReAuthRequiredError"
  | "GrantExpiredError"
  | "GrantRevokedError"
  | "GrantDeletedError"
  | "GrantNotFoundError"
  | "AmbiguousGrantError"
  | "PolicyViolationError"
  | "RateLimitError"
  | "ApprovalRequiredError"
  | "TokenRefreshInProgressError"
  | "ScopeReauthRequiredError"
  | "ConnectFlowError"
  | "ConnectDeniedError"
  | "ConnectConfigError"
  | "ConnectTimeoutError"
  | "NetworkError"
  | "TimeoutError";

const entry = (
  status: number,
  retryable: boolean,
  title: string,
  fix: string,
  sdkError: SdkErrorName = "BackendError",
): ErrorCodeEntry => ({ status, retryable, title, fix, sdkError });

export const ERROR_CODES = {
  // The call to the vault itself.
  invalid_request: entry(
    400,
    false,
    "The request is not valid",
    "Look at `issues`: each names a field and what it should be.",
  ),
  invalid_json: entry(
    400,
    false,
    "The body is not valid JSON",
    "Send a JSON object with content-type application/json.",
  ),
  unknown_route: entry(404, false, "There is no such endpoint", "See /openapi.json for the list of endpoints."),
  method_not_allowed: entry(405, false, "The endpoint does not take this method", "See the `allow` header."),
  body_too_large: entry(413, false, "The body is over the limit", "Send less, or ask the operator to raise the limit."),
  conflict: entry(409, false, "This already exists", "Choose another name, or use the existing one."),
  app_not_found: entry(404, false, "No such app", "Check the app id."),
  key_not_found: entry(404, false, "No such API key", "Check the key id.", "KeyNotFoundError"),
  secret_not_found: entry(404, false, "No such managed secret", "Check the secret id."),
  entry_not_found: entry(404, false, "No such audit entry", "Check the entry id."),
  hold_not_found: entry(404, false, "No such hold on the log", "See `alter-vault audit hold list`."),

  // Who asks.
  signature_missing: entry(401, false, "The request is not signed", "Sign it as docs/wire.md says, or use the SDK."),
  signature_invalid: entry(
    401,
    false,
    "The signature does not match",
    "Check the API key, and that no proxy changes host, path or alter-* headers.",
  ),
  digest_mismatch: entry(401, false, "The body is not the one that was signed", "Sign the bytes that are sent."),
  clock_skew: entry(
    401,
    true,
    "The clock of the caller is off",
    "Set the clock; the SDK corrects itself by `server_time`.",
  ),
  request_replayed: entry(409, false, "This signed request was used before", "Sign every request with a fresh nonce."),
  invalid_key: entry(
    401,
    false,
    "The API key is unknown, expired or revoked",
    "Make a new key with `alter-vault api-keys create`.",
    "InvalidKeyError",
  ),
  insufficient_scope: entry(
    403,
    false,
    "The API key lacks a scope",
    "Use a key that has the scope named in `required_scope`.",
    "InsufficientScopeError",
  ),

  key_address_not_allowed: entry(
    403,
    false,
    "The API key may not be used from this address",
    "Call from an address on the key's list.",
    "AgentError",
  ),
  key_beyond_its_maker: entry(
    403,
    false,
    "A key cannot make one that reaches further than itself",
    "Ask for less, or sign with a key that reaches as far.",
    "AgentError",
  ),
  agent_inactive: entry(
    403,
    false,
    "The agent is paused",
    "Resume it with `alter-vault agents resume`.",
    "AgentInactiveError",
  ),
  agent_revoked: entry(403, false, "The agent was revoked", "Create another agent.", "AgentRevokedError"),
  agent_name_exists: entry(
    409,
    false,
    "There is an agent of this name",
    "Choose another name, or use the agent that has it.",
    "AgentNameExistsError",
  ),
  agent_not_found: entry(404, false, "No such agent", "Check the agent's id or name.", "AgentNotFoundError"),
  agent_key_required: entry(
    400,
    false,
    "Only an agent can ask for this",
    "Sign with a key of the agent, or name the agent.",
    "AgentKeyRequiredError",
  ),
  agent_not_allowed: entry(403, false, "An agent may not do this", "Use a key of the app.", "AgentNotAllowedError"),
  last_active_key: entry(
    409,
    false,
    "It is the last active key of its agent",
    "Make another key first, or say `force`.",
    "LastActiveKeyError",
  ),
  idempotency_mismatch: entry(
    409,
    false,
    "The idempotency key was used for something else",
    "Use a fresh key for another body.",
    "IdempotencyKeyBodyMismatchError",
  ),
  user_token_missing: entry(
    401,
    false,
    "The call needs an end user",
    "Pass a user token: `userTokenGetter`, `userToken`, or authenticate().",
    "UserTokenError",
  ),
  user_token_invalid: entry(
    401,
    false,
    "The user token is not accepted",
    "Check issuer, audience and keys of the identity provider; the detail says which.",
    "UserTokenError",
  ),
  user_token_expired: entry(
    401,
    false,
    "The user token has expired",
    "Get a fresh token for the user.",
    "UserTokenError",
  ),
  user_inactive: entry(
    403,
    false,
    "The user is suspended or deleted",
    "Nothing to do: the identity provider or an operator ended the user's access.",
    "UserTokenError",
  ),
  session_invalid: entry(
    401,
    false,
    "The vault session is over or was never there",
    "Make a new session.",
    "UserTokenError",
  ),
  session_too_wide: entry(
    403,
    false,
    "A session cannot do more than what it is made from",
    "Ask for scopes, providers, grants and a lifetime within those of the parent.",
  ),
  directory_unauthorized: entry(
    401,
    false,
    "The notice is not from the identity provider",
    "Check its address, and the secret or token: `alter-vault idp webhook`, `alter-vault idp scim-token`.",
  ),
  identity_provider_not_found: entry(404, false, "No such identity provider", "See `alter-vault idp list`."),
  identity_provider_invalid: entry(
    400,
    false,
    "The identity provider cannot be used",
    "Check the issuer: its discovery document must be reachable and about itself.",
  ),
  user_not_found: entry(404, false, "No such user", "Check the user's id."),
  user_held: entry(
    409,
    false,
    "What the log says of the user must be kept",
    "See `alter-vault audit hold list`: erase the user when the hold is released.",
  ),
  group_not_found: entry(404, false, "No such group", "Check the group's id."),
  delegation_not_found: entry(404, false, "No such delegation", "Check the delegation's id."),

  // Which grant.
  no_delegated_grant: entry(
    404,
    false,
    "The agent has no grant for this",
    "Have a user delegate one (Connect with this agent), or issue one to the agent.",
    "NoDelegatedGrantError",
  ),
  grant_not_found: entry(404, false, "No such grant", "Check the grant id, or connect first.", "GrantNotFoundError"),
  grant_expired: entry(
    403,
    false,
    "The grant has expired",
    "Ask the user to connect again; the grant id stays.",
    "GrantExpiredError",
  ),
  grant_revoked: entry(
    400,
    false,
    "The grant was revoked",
    "Ask the user to connect again, or issue a new grant.",
    "GrantRevokedError",
  ),
  grant_deleted: entry(
    410,
    false,
    "The grant was deleted",
    "Connect again and store the new grant id.",
    "GrantDeletedError",
  ),
  ambiguous_grant: entry(
    409,
    false,
    "More than one grant matches",
    "Pass `account` or `grantId`; the choices are in `account_identifiers`.",
    "AmbiguousGrantError",
  ),
  reauth_required: entry(403, false, "The user must connect again", "Send the user to Connect.", "ReAuthRequiredError"),
  scope_reauth_required: entry(
    403,
    false,
    "The grant lacks a scope of the provider",
    "Send the user to Connect for the missing scopes.",
    "ScopeReauthRequiredError",
  ),
  token_refresh_in_progress: entry(
    409,
    true,
    "Another request is refreshing the credential",
    "Try again in a moment.",
    "TokenRefreshInProgressError",
  ),
  retrieve_not_allowed: entry(
    403,
    false,
    "This grant may not be used in retrieve mode",
    "Use request() in proxy mode, or have the operator allow retrieve for the grant.",
    "RestrictedGrantRequiresProxyError",
  ),

  token_refresh_failed: entry(
    502,
    true,
    "The provider does not refresh the credential at the moment",
    "Try again; the grant is alive and the vault keeps trying.",
  ),
  provider_client_rejected: entry(
    502,
    false,
    "The provider refuses the app's client",
    "Check client id, secret and settings with `alter-vault providers show`; the grant is alive.",
    "ConnectConfigError",
  ),
  refresh_not_supported: entry(
    409,
    false,
    "The credential cannot be refreshed",
    "Nothing to do: it does not expire, or the user connects again when it has.",
  ),
  grant_data_invalid: entry(
    400,
    false,
    "The data does not fit the schema of the provider's configuration",
    "Look at `issues`: each names a field and what it should be.",
  ),

  // Where to.
  target_invalid: entry(
    400,
    false,
    "The target URL is not valid",
    "Pass an absolute https URL without credentials or fragment.",
  ),
  target_insecure: entry(400, false, "The target is not https", "Use https."),
  target_userinfo: entry(400, false, "The target URL holds a user name or password", "Take `user@` out of the URL."),
  target_path_unsafe: entry(
    400,
    false,
    "The path could leave its place",
    "Pass path parameters without `.`, `..`, slashes, or control characters, encoded or not.",
  ),
  target_host_not_allowed: entry(
    403,
    false,
    "The host is not on the credential's allow-list",
    "Call a host the credential is for, or have the operator allow it.",
  ),
  target_address_forbidden: entry(
    403,
    false,
    "The host leads to an address the vault does not call",
    "Private, loopback, link-local and metadata addresses are refused.",
  ),
  header_forbidden: entry(
    400,
    false,
    "A header may not be set by the caller",
    "Leave out the header named in `header`.",
  ),
  header_invalid: entry(
    400,
    false,
    "A header is malformed",
    "Header names are tokens; values hold no control characters.",
  ),

  // May they.
  policy_not_found: entry(404, false, "No such version of the policy", "See `alter-vault policy versions`."),
  policy_invalid: entry(400, false, "The policy is not valid", "Look at `issues`: each names a place and what to do."),
  policy_denied: entry(403, false, "A policy denies the call", "See `policy_error`.", "PolicyViolationError"),
  rate_limited: entry(429, true, "Too many calls", "Wait as `retry-after` says.", "RateLimitError"),
  budget_exhausted: entry(
    403,
    false,
    "The budget of calls is used up",
    "Raise the budget of the rule named in `rule_id`, or begin another run.",
    "PolicyViolationError",
  ),
  approval_required: entry(
    403,
    false,
    "Somebody must approve the call first",
    "Have it approved at `approval_url`, then make the same call again.",
    "ApprovalRequiredError",
  ),
  approval_denied: entry(
    403,
    false,
    "The call was not approved",
    "Do not repeat it; ask whoever decided.",
    "PolicyViolationError",
  ),

  approval_reason_required: entry(
    400,
    false,
    "A call that needs approval must say why it is made",
    "Pass a `reason`; the approver reads it.",
    "PolicyViolationError",
  ),
  approval_executing: entry(
    409,
    true,
    "The call was approved, and is being made",
    "Ask again in a moment for its answer.",
    "PolicyViolationError",
  ),
  approval_failed: entry(
    502,
    false,
    "The approved call failed",
    "Look at `policy_error`, and at the provider whether it was done, before you ask for it anew.",
    "PolicyViolationError",
  ),
  approval_not_found: entry(404, false, "No such approval", "Check the approval's id."),
  approval_closed: entry(409, false, "The approval is over", "It was decided, used, or its time is over: ask anew."),
  approval_not_allowed: entry(
    403,
    false,
    "You cannot decide about this call",
    "The rule names who can, and nobody decides about a call of their own.",
  ),

  // Calls of a tool, each made once.
  tool_call_in_progress: entry(
    409,
    true,
    "This call of the tool call is under way",
    "Wait for whoever makes it, then ask again.",
  ),
  tool_call_outcome_unknown: entry(
    409,
    false,
    "This call of the tool call was made, and nobody knows what came of it",
    "Look at the provider whether it was done; a new tool call makes it again.",
  ),
  tool_call_done: entry(
    409,
    false,
    "This call of the tool call was made, and its answer was not kept",
    "Do not repeat it; ask the provider for what it made.",
  ),
  tool_call_mismatch: entry(
    409,
    false,
    "This call of the tool call was another one the first time",
    "Make the same calls in the same order each time, or use a new tool call.",
  ),

  // On the way to the provider and back.
  provider_rate_limited: entry(
    429,
    true,
    "The provider has asked to wait",
    "Wait as `retry-after` says: another call with the same grant was told so.",
    "RateLimitError",
  ),
  redirect_refused: entry(
    502,
    false,
    "The provider redirected to a place the vault does not follow",
    'Pass redirect: "manual" to get the redirect itself.',
  ),
  upstream_unreachable: entry(
    502,
    true,
    "The provider cannot be reached",
    "Try again; check the host name.",
    "NetworkError",
  ),
  upstream_timeout: entry(
    504,
    true,
    "The provider did not answer in time",
    "Try again, or raise the timeout.",
    "TimeoutError",
  ),
  upstream_protocol_error: entry(
    502,
    false,
    "The provider's answer is not valid HTTP",
    "Ask the provider.",
    "NetworkError",
  ),
  upstream_encoding_unsupported: entry(
    502,
    false,
    "The provider's answer is encoded in a way the vault cannot read",
    "Ask for another accept-encoding.",
  ),
  response_too_large: entry(
    502,
    false,
    "The provider's answer is over the limit",
    "Ask for less, or have the operator raise the limit.",
  ),
  client_closed: entry(499, false, "The caller went away", "Nothing to do: the call was ended at the provider too."),

  // Connecting (thrown by the SDK's connect(), and answered by Connect).
  connect_denied: entry(403, false, "The user declined", "Ask again when the user is ready.", "ConnectDeniedError"),
  connect_config: entry(
    400,
    false,
    "The provider is not set up correctly",
    "Check client id, secret and redirect URI.",
    "ConnectConfigError",
  ),
  provider_not_found: entry(404, false, "No such provider", "See `alter-vault providers list`."),
  provider_not_configured: entry(
    400,
    false,
    "The provider is not configured for this app",
    "Run `alter-vault providers configure`.",
    "ConnectConfigError",
  ),
  provider_invalid: entry(
    400,
    false,
    "The provider's entry is not valid",
    "Look at `issues`: each names a place and what to do.",
  ),
  provider_scope_not_allowed: entry(
    400,
    false,
    "A scope is not on the app's allow-list for this provider",
    "Ask for less, or have the operator allow the scope.",
    "ConnectConfigError",
  ),
  return_url_not_allowed: entry(
    400,
    false,
    "The return URL is not on the app's list",
    "Add it, letter by letter, with `alter-vault connect settings`.",
    "ConnectConfigError",
  ),
  origin_not_allowed: entry(
    400,
    false,
    "The origin is not on the app's list",
    "Add it with `alter-vault connect settings`.",
    "ConnectConfigError",
  ),
  connect_session_not_found: entry(404, false, "No such Connect session", "Make a new session."),
  connect_session_closed: entry(410, false, "The Connect session is over", "Make a new session."),
  connect_state_invalid: entry(
    400,
    false,
    "The provider's answer belongs to no attempt that is open",
    "Start again from the app.",
  ),
  connect_browser_mismatch: entry(
    403,
    false,
    "The attempt was started in another browser, or the browser keeps no cookies",
    "Start again in one browser, with cookies allowed for the vault.",
  ),
  connect_issuer_mismatch: entry(
    400,
    false,
    "The answer comes from another authorization server",
    "Start again; report it if it happens again.",
  ),
  connect_code_rejected: entry(400, false, "The provider did not accept the code", "Start again from the app."),
  connect_account_mismatch: entry(
    409,
    false,
    "Another account was connected than the one asked for",
    "Sign in at the provider with the account of the grant.",
  ),
  connect_identity_unknown: entry(
    502,
    false,
    "The provider did not say whose account it is",
    "Try again; check that the needed scopes are asked for.",
    "ConnectConfigError",
  ),
  connect_provider_error: entry(502, true, "The provider reported an error", "Try again later.", "ConnectFlowError"),
  connect_timeout: entry(408, true, "The user did not finish in time", "Start again.", "ConnectTimeoutError"),

  // The vault itself.
  credential_unreadable: entry(
    500,
    false,
    "The stored credential cannot be opened",
    "Run `alter-vault doctor`; the master key may be missing or the record damaged.",
  ),
  audit_unavailable: entry(
    503,
    true,
    "The audit log cannot be written, so nothing is done",
    "Check the disk of the vault; it recovers by itself.",
  ),
  storage_unavailable: entry(
    503,
    true,
    "The storage of the vault does not answer",
    "Try again; check the vault's storage.",
  ),
  overloaded: entry(503, true, "The vault has too much to do", "Wait as `retry-after` says."),
  shutting_down: entry(503, true, "The vault is stopping", "Try again."),
  internal: entry(500, false, "Something went wrong inside the vault", "Report it with the request id."),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERROR_CODES, value);
}
