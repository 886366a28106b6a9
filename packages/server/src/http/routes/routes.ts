import type { AuditVerification } from "@alter-vault/protocol";
import type { AuditLog } from "../../audit/log.ts";
import type { Clock } from "../../clock.ts";
import type { Connect } from "../../connect/connect.ts";
import type { OAuth } from "../../credential/oauth/oauth.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import type { Ask } from "../../egress/ask.ts";
import type { UserTokens } from "../../identity/user-token.ts";
import type { NewId, RandomBytes } from "../../random.ts";
import type { Store } from "../../store/store.ts";
import type { ApprovalLinks } from "../../approvals/approval-links.ts";
import type { ApprovalRunner } from "../../approvals/approval-runner.ts";
import { agentRoutes } from "./agents.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { approvalRoutes } from "./approvals.ts";
import { appRoutes } from "./apps.ts";
import { auditRoutes } from "./audit.ts";
import { endGrantRoutes } from "./end-grants.ts";
import { connectRoutes } from "./connect.ts";
import { connectSettingsRoutes } from "./connect-settings.ts";
import { delegationRoutes } from "./delegations.ts";
import { grantDataRoutes } from "./grant-data.ts";
import { grantRoutes } from "./grants.ts";
import { identityProviderRoutes } from "./identity-providers.ts";
import { keyringRoutes } from "./keyring.ts";
import { policyRoutes } from "./policies.ts";
import { providerConfigRoutes } from "./provider-configs.ts";
import { providerRoutes } from "./providers.ts";
import type { ResourceRouteId, RouteHandlers } from "./route-handler.ts";
import { secretRoutes } from "./secrets.ts";
import { serviceGrantRoutes } from "./service-grants.ts";
import { userRoutes } from "./users.ts";

/** The handlers of all endpoints but those that are told of a call; the compiler sees that none is missing. */
export interface RouteDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly oauth: OAuth;
  readonly ask: Ask;
  readonly userTokens: UserTokens;
  /** Where browsers and other systems reach the vault. */
  readonly publicUrl: () => string;
  readonly connect: Connect;
  readonly approvalLinks: Pick<ApprovalLinks, "create">;
  readonly approvalRunner: Pick<ApprovalRunner, "start">;
  readonly log: Pick<AuditLog, "record" | "outcome">;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly allowLoopback: boolean;
  /** The vault's own address for answers of providers, which is registered there. */
  readonly callbackUrl: () => string;
  readonly verifyAudit: () => Promise<AuditVerification>;
}

export function resourceRoutes(deps: RouteDeps): RouteHandlers<ResourceRouteId> {
  return {
    ...appRoutes(deps),
    ...apiKeyRoutes(deps),
    ...secretRoutes(deps),
    ...grantRoutes(deps),
    ...endGrantRoutes(deps),
    ...serviceGrantRoutes(deps),
    ...grantDataRoutes(deps),
    ...providerRoutes(deps),
    ...providerConfigRoutes(deps),
    ...connectRoutes(deps),
    ...connectSettingsRoutes(deps),
    ...identityProviderRoutes(deps),
    ...userRoutes(deps),
    ...agentRoutes(deps),
    ...delegationRoutes(deps),
    ...policyRoutes(deps),
    ...approvalRoutes(deps),
    ...auditRoutes(deps),
    ...keyringRoutes(deps),
  };
}
