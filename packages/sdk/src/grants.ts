import { Grant, GrantList, UUID_PATTERN, WhoAmI, type Agent, type GrantQuery, type Scope } from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { grantInfo, type GrantInfo } from "./grant-info.ts";
import { checkKnownNames } from "./known-names.ts";
import { principalToWire, type Principal } from "./principals.ts";

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

/** Which grants; `limit` is how many are fetched at a time. */
export type GrantsOptions = Omit<ListGrantsOptions, "offset" | "cursor">;

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

export interface CreateManagedSecretGrantOptions extends RouteOptions {
  readonly principal: Principal;
  /** Default: it does not expire. */
  readonly expiresInSeconds?: number | undefined;
}

export interface WhoAmIResult {
  readonly appId: string;
  readonly appName: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** The agent the key belongs to; null: the app itself. */
  readonly agent: { readonly agentId: string; readonly name: string; readonly status: Agent["status"] } | null;
}

export async function listGrants(core: Core, options: ListGrantsOptions = {}): Promise<GrantListResult> {
  checkKnownNames(options, ["providerId", "status", "limit", "offset", "cursor", ...ROUTE_OPTION_NAMES]);
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

/** All grants, page after page, as they are asked for. */
export async function* iterateGrants(core: Core, options: GrantsOptions = {}): AsyncGenerator<GrantInfo, void, void> {
  let cursor: string | undefined;
  do {
    const page: GrantListResult = await listGrants(core, { ...options, cursor });
    yield* page.grants;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

export async function getGrant(core: Core, grantId: string, options: RouteOptions = {}): Promise<GrantInfo> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  return grantInfo(await callRoute(core, "getGrant", { ...options, pathParam: checkGrantId(grantId), answer: Grant }));
}

export async function refreshGrant(core: Core, grantId: string, options: RouteOptions = {}): Promise<GrantInfo> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const pathParam = checkGrantId(grantId);
  return grantInfo(await callRoute(core, "refreshGrant", { ...options, pathParam, answer: Grant }));
}

export async function createManagedSecretGrant(
  core: Core,
  secretId: string,
  options: CreateManagedSecretGrantOptions,
): Promise<GrantInfo> {
  checkKnownNames(options, ["principal", "expiresInSeconds", ...ROUTE_OPTION_NAMES]);
  const { principal, expiresInSeconds, ...route } = options;
  if (typeof secretId !== "string" || !UUID_PATTERN.test(secretId.toLowerCase())) {
    throw new AlterValueError("The first argument of createManagedSecretGrant() must be the UUID of a managed secret.");
  }
  const body = {
    principal: principalToWire(principal),
    ...(expiresInSeconds === undefined ? {} : { expires_in_seconds: expiresInSeconds }),
  };
  const pathParam = secretId.toLowerCase();
  return grantInfo(await callRoute(core, "createGrant", { ...route, pathParam, body, answer: Grant }));
}

export async function whoami(core: Core, options: RouteOptions = {}): Promise<WhoAmIResult> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const me = await callRoute(core, "whoami", { ...options, answer: WhoAmI });
  const agent = me.agent && { agentId: me.agent.agent_id, name: me.agent.name, status: me.agent.status };
  return { appId: me.app_id, appName: me.app_name, keyId: me.key_id, scopes: me.scopes, agent };
}
