/**
 * Connect sessions: a link by which a user connects an account, and how it stands. The token of a session is the right
 * to use it. It goes to whoever asked for the session, for their front end, and into no error and no log.
 */
import {
  ConnectSession as SessionAnswer,
  ConnectSessionCreate,
  ConnectSessionPoll,
  ConnectSessionState as StateAnswer,
  type GrantData,
} from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import { connectResult, type ConnectResult } from "./connect-result.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { GRANT_POLICY_OPTION_NAMES, grantPolicyToWire, type GrantPolicyOptions } from "./grant-policy.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";

/** What an app wants of a connected account, whichever way it is connected. */
export interface ConnectWishes extends GrantPolicyOptions {
  /** By provider: what is asked for, instead of the defaults of the provider's configuration. */
  readonly requiredScopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** By provider: values of its variables (tenant, region, shop), so that the user need not fill them in. */
  readonly variables?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** The name of the agent that asks, shown on the consent page. */
  readonly agent?: string | undefined;
  readonly label?: string | undefined;
  /** Kept with the grant; see `getGrantData()`. */
  readonly data?: GrantData | undefined;
  /** Connects this very grant again: another account is refused. */
  readonly grantId?: string | undefined;
  /** The account the user probably wants, suggested to the provider. */
  readonly loginHint?: string | undefined;
  /** `ipAddress`: only a browser at this address may use the link. */
  readonly metadata?: { readonly ipAddress?: string | undefined; readonly userAgent?: string | undefined } | undefined;
  /** Where the browser goes afterwards. Must be on the app's list, letter by letter. */
  readonly returnUrl?: string | undefined;
}

export interface ConnectSessionOptions extends ConnectWishes, RouteOptions {
  /** Default: every provider that is configured. */
  readonly allowedProviders?: readonly string[] | undefined;
  /** The page that opens the popup. Must be on the app's list. Default: the first of the list. */
  readonly allowedOrigin?: string | undefined;
  /** How long the link works. Default: 600. */
  readonly expiresInSeconds?: number | undefined;
}

export interface ConnectSession {
  readonly sessionId: string;
  /** For `@alter-vault/connect` in the browser, and for `pollConnectSession()`. Treat it like a password. */
  readonly sessionToken: string;
  /** Where to send the user. It holds the token. */
  readonly connectUrl: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface ConnectSessionState {
  readonly sessionId: string;
  readonly status: StateAnswer["status"];
  /** What was connected so far. */
  readonly grants: readonly ConnectResult[];
  /** The last thing that went wrong. A pending session may still succeed. */
  readonly error: { readonly code: string; readonly detail: string; readonly providerId: string | null } | null;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export const CONNECT_WISH_NAMES: readonly string[] = [
  ...GRANT_POLICY_OPTION_NAMES,
  "requiredScopes",
  "variables",
  "agent",
  "label",
  "data",
  "grantId",
  "loginHint",
  "metadata",
  "returnUrl",
];
export const CONNECT_SESSION_NAMES: readonly string[] = [
  ...CONNECT_WISH_NAMES,
  "allowedProviders",
  "allowedOrigin",
  "expiresInSeconds",
  ...ROUTE_OPTION_NAMES,
];

export async function createConnectSession(core: Core, options: ConnectSessionOptions = {}): Promise<ConnectSession> {
  checkKnownNames(options, CONNECT_SESSION_NAMES, { providers: "allowedProviders", scopes: "requiredScopes" });
  const { signal, timeout, userToken, ...given } = options;
  const body = checkBody(ConnectSessionCreate, {
    allowed_providers: given.allowedProviders,
    return_url: given.returnUrl,
    allowed_origin: given.allowedOrigin,
    grant_policy: grantPolicyToWire(given),
    required_scopes: given.requiredScopes,
    variables: given.variables,
    agent: given.agent,
    label: given.label,
    data: given.data,
    grant_id: given.grantId === undefined ? undefined : checkGrantId(given.grantId),
    login_hint: given.loginHint,
    metadata: metadataToWire(given.metadata),
    expires_in_seconds: given.expiresInSeconds,
  });
  const session = await callRoute(core, "createConnectSession", {
    signal,
    timeout,
    userToken,
    body,
    answer: SessionAnswer,
  });
  return {
    sessionId: session.session_id,
    sessionToken: session.session_token,
    connectUrl: session.connect_url,
    expiresIn: session.expires_in,
    expiresAt: session.expires_at,
  };
}

export async function pollConnectSession(
  core: Core,
  sessionToken: string,
  options: RouteOptions = {},
): Promise<ConnectSessionState> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const body = checkBody(ConnectSessionPoll, { session_token: sessionToken });
  const state = await callRoute(core, "pollConnectSession", { ...options, body, answer: StateAnswer });
  const { error } = state;
  return {
    sessionId: state.session_id,
    status: state.status,
    grants: state.grants.map(connectResult),
    error: error && { code: error.code, detail: error.detail, providerId: error.provider_id },
    expiresAt: state.expires_at,
  };
}

function metadataToWire(metadata: ConnectWishes["metadata"]): object | undefined {
  if (metadata === undefined) return undefined;
  if (typeof metadata !== "object" || metadata === null) {
    throw new AlterValueError('Option "metadata" must be an object, such as { ipAddress }.');
  }
  checkKnownNames(metadata, ["ipAddress", "userAgent"]);
  return { ip_address: metadata.ipAddress, user_agent: metadata.userAgent };
}
