import { GrantRevoked, GrantsRevoke, GrantsRevoked, type RouteId } from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { isoTime } from "./grant-policy.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";

export interface RevokeGrantOptions extends RouteOptions {
  /** Kept in the audit log. */
  readonly reason?: string | undefined;
}

export interface RevokeGrantResult {
  readonly success: true;
  readonly message: string;
  readonly grantId: string;
  /** The older name of `grantId`. */
  readonly connectionId: string;
  /** ISO 8601. */
  readonly revokedAt: string;
  /**
   * What the provider said. `failed` and `not_supported`: the vault has forgotten the credential, but the provider may
   * still take it. `not_applicable`: a managed secret.
   */
  readonly providerRevocation: GrantRevoked["provider_revocation"];
  readonly providerDetail: string | null;
  /** Where the user can finish, for a provider that revokes by hand only. */
  readonly manualUrl: string | null;
}

/** Which grants. All conditions must hold; at least one is needed, or `all`. */
export interface RevokeGrantsFilter extends RouteOptions {
  readonly providerId?: string | undefined;
  readonly accountIdentifier?: string | undefined;
  /** ISO 8601 or a Date, like the next. */
  readonly createdBefore?: string | Date | undefined;
  readonly createdAfter?: string | Date | undefined;
  /** Every grant of the app. */
  readonly all?: true | undefined;
  /** Kept in the audit log. */
  readonly reason?: string | undefined;
  /** Counts, and changes nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
}

export interface RevokeGrantsResult {
  readonly matched: number;
  readonly revoked: number;
  /** The provider took the revocation. */
  readonly revokedAtProvider: number;
  /** The vault has forgotten the credential, but the provider did not take the revocation. */
  readonly failedAtProvider: readonly { readonly grantId: string; readonly detail: string }[];
  readonly dryRun: boolean;
}

const FILTER_NAMES = [
  "providerId",
  "accountIdentifier",
  "createdBefore",
  "createdAfter",
  "all",
  "reason",
  "dryRun",
  ...ROUTE_OPTION_NAMES,
];

export function revokeGrant(core: Core, grantId: string, options?: RevokeGrantOptions): Promise<RevokeGrantResult> {
  return endGrant(core, "revokeGrant", grantId, options);
}

export function disconnectGrant(core: Core, grantId: string, options?: RevokeGrantOptions): Promise<RevokeGrantResult> {
  return endGrant(core, "disconnectGrant", grantId, options);
}

async function endGrant(
  core: Core,
  route: Extract<RouteId, "revokeGrant" | "disconnectGrant">,
  grantId: string,
  options: RevokeGrantOptions = {},
): Promise<RevokeGrantResult> {
  checkKnownNames(options, ["reason", ...ROUTE_OPTION_NAMES]);
  const { reason, ...rest } = options;
  const body = reason === undefined ? {} : { reason };
  const revoked = await callRoute(core, route, {
    ...rest,
    pathParam: checkGrantId(grantId),
    body,
    answer: GrantRevoked,
  });
  return {
    success: revoked.success,
    message: revoked.message,
    grantId: revoked.grant_id,
    connectionId: revoked.grant_id,
    revokedAt: revoked.revoked_at,
    providerRevocation: revoked.provider_revocation,
    providerDetail: revoked.provider_detail,
    manualUrl: revoked.manual_url,
  };
}

export async function revokeGrants(core: Core, filter: RevokeGrantsFilter): Promise<RevokeGrantsResult> {
  checkKnownNames(filter, FILTER_NAMES);
  const { signal, timeout, userToken } = filter;
  const body = checkBody(GrantsRevoke, {
    provider_id: filter.providerId,
    account_identifier: filter.accountIdentifier,
    created_before: isoTime("createdBefore", filter.createdBefore),
    created_after: isoTime("createdAfter", filter.createdAfter),
    all: filter.all,
    reason: filter.reason,
    dry_run: filter.dryRun ?? false,
  });
  const result = await callRoute(core, "revokeGrants", { signal, timeout, userToken, body, answer: GrantsRevoked });
  return {
    matched: result.matched,
    revoked: result.revoked,
    revokedAtProvider: result.revoked_at_provider,
    failedAtProvider: result.failed_at_provider.map(({ grant_id, detail }) => ({ grantId: grant_id, detail })),
    dryRun: result.dry_run,
  };
}
