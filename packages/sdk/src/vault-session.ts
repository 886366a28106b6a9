/**
 * Vault sessions: short-lived stand-ins for a user's token that can do less. A session's token is passed wherever a user
 * token is. Made from another session, it can only be narrower, and ends with it: that is how a part of one's rights is
 * handed to a sub-agent.
 */
import {
  VaultSession as SessionAnswer,
  VaultSessionCreate,
  VaultSessionRevoked,
  type Scope,
} from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import { checkUuid } from "./check-uuid.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";
import { withSecret } from "./with-secret.ts";

export interface VaultSessionOptions extends RouteOptions {
  /** What it may be used for. Default, and at most: what the key and the session it is made from have. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Only for these providers. Default: all. */
  readonly providers?: readonly string[] | undefined;
  /** Only for these grants, by id. Default: all. */
  readonly grants?: readonly string[] | undefined;
  /** Worth something only together with a key of this agent. */
  readonly agentId?: string | undefined;
  /** Default: 900. It ends with the user's token, or the session it is made from, at the latest. */
  readonly expiresInSeconds?: number | undefined;
}

export interface VaultSession {
  readonly sessionId: string;
  /** Use it as a `userToken`. It is shown once, and printing and serializing leave it out. */
  readonly sessionToken: string;
  readonly userId: string;
  readonly agentId: string | null;
  readonly scopes: readonly Scope[];
  /** Null: all. */
  readonly providers: readonly string[] | null;
  readonly grants: readonly string[] | null;
  /** Seconds. */
  readonly expiresIn: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

const KNOWN = ["scopes", "providers", "grants", "agentId", "expiresInSeconds", ...ROUTE_OPTION_NAMES];

export async function createVaultSession(core: Core, options: VaultSessionOptions = {}): Promise<VaultSession> {
  checkKnownNames(options, KNOWN);
  const { scopes, providers, grants, agentId, expiresInSeconds, ...route } = options;
  const body = checkBody(VaultSessionCreate, {
    scopes,
    providers,
    grants: grants?.map(checkGrantId),
    agent_id: agentId === undefined ? undefined : checkUuid("agentId", agentId),
    expires_in_seconds: expiresInSeconds,
  });
  const answer = await callRoute(core, "createVaultSession", { ...route, body, answer: SessionAnswer });
  const session = {
    sessionId: answer.session_id,
    userId: answer.user_id,
    agentId: answer.agent_id,
    scopes: answer.scopes,
    providers: answer.providers,
    grants: answer.grants,
    expiresIn: answer.expires_in,
    expiresAt: answer.expires_at,
  };
  return withSecret(session, "sessionToken", answer.session_token);
}

/** Ends a session and all that were made from it. */
export async function revokeVaultSession(
  core: Core,
  sessionId: string,
  options: RouteOptions = {},
): Promise<{ readonly sessionId: string; readonly revokedAt: string }> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const pathParam = checkUuid("sessionId", sessionId);
  const answer = await callRoute(core, "revokeVaultSession", { ...options, pathParam, answer: VaultSessionRevoked });
  return { sessionId: answer.session_id, revokedAt: answer.revoked_at };
}
