import { Identity } from "@alter-vault/protocol";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { UserTokenError } from "./agent-errors.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { isTokenShaped } from "./user-token.ts";

/** Who asks, as the vault sees it. Key your own data on `userId`; addresses and raw subjects change and collide. */
export interface ResolvedIdentity {
  readonly appId: string;
  /** Null when no user token came with the request, like everything else about the user. */
  readonly userId: string | null;
  /** The identity provider that says who the user is. */
  readonly idpId: string | null;
  /** What that provider calls the user. */
  readonly externalSubjectId: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly userStatus: Identity["user_status"];
  readonly groups: readonly UserGroup[];
  /** The agent whose key signs; null for a key of the app. */
  readonly agentId: string | null;
  /** The vault session that stood in for the user's token. */
  readonly sessionId: string | null;
}

export interface UserGroup {
  readonly groupId: string;
  readonly externalGroupId: string;
  readonly name: string;
}

/** The user a token is about. */
export interface VerifiedUser extends ResolvedIdentity {
  readonly userId: string;
  readonly idpId: string;
  readonly externalSubjectId: string;
}

export async function resolveIdentity(core: Core, options: RouteOptions = {}): Promise<ResolvedIdentity> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const identity = await callRoute(core, "resolveIdentity", { ...options, answer: Identity });
  return {
    appId: identity.app_id,
    userId: identity.user_id,
    idpId: identity.idp_id,
    externalSubjectId: identity.external_subject_id,
    email: identity.email,
    name: identity.name,
    userStatus: identity.user_status,
    groups: identity.groups.map(({ group_id, external_group_id, name }) => ({
      groupId: group_id,
      externalGroupId: external_group_id,
      name,
    })),
    agentId: identity.agent_id,
    sessionId: identity.session_id,
  };
}

/**
 * The active user a token is about, or null for whatever is no token of one. What comes from a client is likely to be
 * anything, so nothing about the token is an error; that the vault cannot be asked is.
 */
export async function verifyUserToken(
  core: Core,
  token: string,
  options: Omit<RouteOptions, "userToken"> = {},
): Promise<VerifiedUser | null> {
  checkKnownNames(options, ["signal", "timeout"]);
  if (typeof token !== "string") {
    throw new AlterValueError("The argument of verifyUserToken() must be a token, as a text.");
  }
  if (!isTokenShaped(token)) return null;
  try {
    const { userId, idpId, externalSubjectId, ...rest } = await resolveIdentity(core, { ...options, userToken: token });
    if (userId === null || idpId === null || externalSubjectId === null || rest.userStatus !== "active") return null;
    return { userId, idpId, externalSubjectId, ...rest };
  } catch (error) {
    if (error instanceof UserTokenError) return null;
    throw error;
  }
}
