import { Delegation as DelegationAnswer, DelegationCreate, DelegationList } from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import { checkUuid } from "./check-uuid.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";

/** One agent's right to use one user's grant. Times are ISO 8601. */
export interface DelegationInfo {
  readonly delegationId: string;
  readonly appId: string;
  readonly agentId: string;
  readonly grantId: string;
  readonly providerId: string;
  /** Whose grant it is. */
  readonly userId: string;
  readonly status: DelegationAnswer["status"];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface CreateDelegationOptions extends RouteOptions {
  readonly agentId: string;
  /** Default: as long as the grant. */
  readonly expiresInSeconds?: number | undefined;
}

export interface ListDelegationsOptions extends RouteOptions {
  readonly agentId?: string | undefined;
  readonly grantId?: string | undefined;
}

/** What users let agents do with their grants. */
export interface Delegations {
  /**
   * Lets an agent use a grant of the user who asks; needs their token, and the scope `grants:write`. Rejects with
   * UserTokenError without one, and with GrantNotFoundError when the grant is not theirs.
   *
   * @example
   * await vault.withUser(userToken).delegations.create(grantId, { agentId, expiresInSeconds: 3600 });
   */
  create(grantId: string, options: CreateDelegationOptions): Promise<DelegationInfo>;
  /** With a user token, that user's; for an agent, its own; else all of the app. Needs the scope `grants:read`. */
  list(options?: ListDelegationsOptions): Promise<readonly DelegationInfo[]>;
  /** Takes one back; the grant stays. It works from the next call of the agent on. Needs the scope `grants:write`. */
  revoke(delegationId: string, options?: RouteOptions): Promise<DelegationInfo>;
}

export function createDelegations(core: Core): Delegations {
  return {
    async create(grantId, options) {
      checkKnownNames(options, ["agentId", "expiresInSeconds", ...ROUTE_OPTION_NAMES]);
      const { agentId, expiresInSeconds, ...route } = options;
      const body = checkBody(DelegationCreate, {
        agent_id: checkUuid("agentId", agentId),
        expires_in_seconds: expiresInSeconds,
      });
      const pathParam = checkGrantId(grantId);
      return delegationInfo(
        await callRoute(core, "createDelegation", { ...route, pathParam, body, answer: DelegationAnswer }),
      );
    },
    async list(options = {}) {
      checkKnownNames(options, ["agentId", "grantId", ...ROUTE_OPTION_NAMES]);
      const { agentId, grantId, ...route } = options;
      const query = {
        agent_id: agentId === undefined ? undefined : checkUuid("agentId", agentId),
        grant_id: grantId === undefined ? undefined : checkGrantId(grantId),
      };
      const { delegations } = await callRoute(core, "listDelegations", { ...route, query, answer: DelegationList });
      return delegations.map(delegationInfo);
    },
    async revoke(delegationId, options = {}) {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      const pathParam = checkUuid("delegationId", delegationId);
      return delegationInfo(
        await callRoute(core, "revokeDelegation", { ...options, pathParam, answer: DelegationAnswer }),
      );
    },
  };
}

function delegationInfo(delegation: DelegationAnswer): DelegationInfo {
  return {
    delegationId: delegation.delegation_id,
    appId: delegation.app_id,
    agentId: delegation.agent_id,
    grantId: delegation.grant_id,
    providerId: delegation.provider_id,
    userId: delegation.user_id,
    status: delegation.status,
    createdAt: delegation.created_at,
    expiresAt: delegation.expires_at,
    revokedAt: delegation.revoked_at,
  };
}
