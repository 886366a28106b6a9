import {
  Grant,
  GrantList,
  GrantRevoked,
  UUID_PATTERN,
  WhoAmI,
  type GrantQuery,
  type Scope,
} from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { grantInfo, type GrantInfo } from "./grant-info.ts";
import { checkKnownNames } from "./known-names.ts";
import type { SystemPrincipal } from "./system-principal.ts";

export interface ListGrantsOptions extends RouteOptions {
  readonly providerId?: string | undefined;
  readonly status?: GrantQuery["status"];
  /** Default: 100. At most 1000. */
  readonly limit?: number | undefined;
  /** Default: 0. At most 10000; beyond that, and for lists that change, use `cursor`. */
  readonly offset?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

interface Page {
  /** Counted up to 10001; `totalCapped` says when there are more. */
  readonly total: number;
  readonly totalCapped: boolean;
  readonly limit: number;
  readonly offset: number;
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

export interface GrantListResult extends Page {
  readonly grants: readonly GrantInfo[];
}

/** The same list under its older name. */
export interface ConnectionListResult extends Page {
  readonly connections: readonly GrantInfo[];
}

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
}

export interface CreateManagedSecretGrantOptions extends RouteOptions {
  readonly principal: SystemPrincipal;
  /** Default: it does not expire. */
  readonly expiresInSeconds?: number | undefined;
}

export interface WhoAmIResult {
  readonly appId: string;
  readonly appName: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

const ROUTE_OPTIONS = ["signal", "timeout"];

export async function listGrants(core: Core, options: ListGrantsOptions = {}): Promise<GrantListResult> {
  checkKnownNames(options, ["providerId", "status", "limit", "offset", "cursor", ...ROUTE_OPTIONS]);
  const { providerId, status, limit, offset, cursor, ...route } = options;
  const query = { provider_id: providerId, status, limit, offset, cursor };
  const list = await callRoute(core, "listGrants", { ...route, query, answer: GrantList });
  return {
    grants: list.grants.map(grantInfo),
    total: list.total,
    totalCapped: list.total_capped,
    limit: list.limit,
    offset: list.offset,
    hasMore: list.has_more,
    nextCursor: list.next_cursor,
  };
}

export async function revokeGrant(
  core: Core,
  grantId: string,
  options: RevokeGrantOptions = {},
): Promise<RevokeGrantResult> {
  checkKnownNames(options, ["reason", ...ROUTE_OPTIONS]);
  const { reason, ...route } = options;
  const body = reason === undefined ? {} : { reason };
  const pathParam = checkGrantId(grantId);
  const revoked = await callRoute(core, "revokeGrant", { ...route, pathParam, body, answer: GrantRevoked });
  return {
    success: revoked.success,
    message: revoked.message,
    grantId: revoked.grant_id,
    connectionId: revoked.grant_id,
    revokedAt: revoked.revoked_at,
  };
}

export async function createManagedSecretGrant(
  core: Core,
  secretId: string,
  options: CreateManagedSecretGrantOptions,
): Promise<GrantInfo> {
  checkKnownNames(options, ["principal", "expiresInSeconds", ...ROUTE_OPTIONS]);
  const { principal, expiresInSeconds, ...route } = options;
  if (typeof secretId !== "string" || !UUID_PATTERN.test(secretId.toLowerCase())) {
    throw new AlterValueError("The first argument of createManagedSecretGrant() must be the UUID of a managed secret.");
  }
  if (principal?.type !== "system") {
    throw new AlterValueError(
      'Option "principal" must be systemPrincipal({ label }). Principals for users and groups need an identity provider, which this version does not have.',
    );
  }
  const body = { principal, ...(expiresInSeconds === undefined ? {} : { expires_in_seconds: expiresInSeconds }) };
  const pathParam = secretId.toLowerCase();
  return grantInfo(await callRoute(core, "createGrant", { ...route, pathParam, body, answer: Grant }));
}

export async function whoami(core: Core, options: RouteOptions = {}): Promise<WhoAmIResult> {
  checkKnownNames(options, ROUTE_OPTIONS);
  const me = await callRoute(core, "whoami", { ...options, answer: WhoAmI });
  return { appId: me.app_id, appName: me.app_name, keyId: me.key_id, scopes: me.scopes };
}
