import { ApiKey, ApiKeyCreated, KeyRotate, type Scope } from "@alter-vault/protocol";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";
import { withSecret } from "./with-secret.ts";

/** A key, without itself. Times are ISO 8601. */
export interface ApiKeyInfo {
  readonly keyId: string;
  readonly appId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** How the key begins, to know it by. */
  readonly prefix: string;
  /** The agent it belongs to; null: the app itself. */
  readonly agentId: string | null;
  /** `deprecated` still works; programs that use it are told so. */
  readonly status: ApiKey["status"];
  /** Addresses it may be used from; null: all. */
  readonly cidrs: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly deprecatedAt: string | null;
  readonly revokedAt: string | null;
}

/** A key that was just made. */
export interface NewApiKey extends ApiKeyInfo {
  /** Shown this once. Printing and serializing leave it out. */
  readonly apiKey: string;
}

export interface RotateKeyOptions extends RouteOptions {
  /** Of the new key. Default: it does not expire. */
  readonly expiresInSeconds?: number | undefined;
}

export interface RevokeKeyOptions extends RouteOptions {
  /** Also when it is the last key its agent can use. Default: false. */
  readonly force?: boolean | undefined;
}

/** Keys of the app and of its agents. All of it needs the scope `keys:write`. */
export interface Keys {
  /**
   * A new key with the same rights. The old one is deprecated and works until it is revoked.
   *
   * @example
   * const { apiKey } = await vault.keys.rotate(oldKeyId);
   */
  rotate(keyId: string, options?: RotateKeyOptions): Promise<NewApiKey>;
  /** The key goes on working, and whoever uses it is warned with every answer. */
  deprecate(keyId: string, options?: RouteOptions): Promise<ApiKeyInfo>;
  undeprecate(keyId: string, options?: RouteOptions): Promise<ApiKeyInfo>;
  /** Ends the key for good. Rejects with LastActiveKeyError when its agent would have none left. */
  revoke(keyId: string, options?: RevokeKeyOptions): Promise<ApiKeyInfo>;
}

export function createKeys(core: Core): Keys {
  const change =
    (id: "deprecateKey" | "undeprecateKey") =>
    async (keyId: string, options: RouteOptions = {}) => {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      return apiKeyInfo(await callRoute(core, id, { ...options, pathParam: checkKeyId(keyId), answer: ApiKey }));
    };
  return {
    async rotate(keyId, options = {}) {
      checkKnownNames(options, ["expiresInSeconds", ...ROUTE_OPTION_NAMES]);
      const { expiresInSeconds, ...route } = options;
      const body = checkBody(KeyRotate, { expires_in_seconds: expiresInSeconds });
      const pathParam = checkKeyId(keyId);
      return newApiKey(await callRoute(core, "rotateKey", { ...route, pathParam, body, answer: ApiKeyCreated }));
    },
    deprecate: change("deprecateKey"),
    undeprecate: change("undeprecateKey"),
    async revoke(keyId, options = {}) {
      checkKnownNames(options, ["force", ...ROUTE_OPTION_NAMES]);
      const { force = false, ...route } = options;
      if (typeof force !== "boolean") throw new AlterValueError('Option "force" must be true or false.');
      const pathParam = checkKeyId(keyId);
      return apiKeyInfo(await callRoute(core, "revokeKey", { ...route, pathParam, body: { force }, answer: ApiKey }));
    },
  };
}

export function apiKeyInfo(key: ApiKey): ApiKeyInfo {
  return {
    keyId: key.key_id,
    appId: key.app_id,
    name: key.name,
    scopes: key.scopes,
    prefix: key.prefix,
    agentId: key.agent_id,
    status: key.status,
    cidrs: key.cidrs,
    requestsPerMinute: key.requests_per_minute,
    createdAt: key.created_at,
    expiresAt: key.expires_at,
    deprecatedAt: key.deprecated_at,
    revokedAt: key.revoked_at,
  };
}

export function newApiKey(created: ApiKeyCreated): NewApiKey {
  return withSecret(apiKeyInfo(created), "apiKey", created.api_key);
}

/** A whole key instead of its id would end in the path of a request, and from there in logs. */
function checkKeyId(value: unknown): string {
  if (typeof value === "string" && /^[\w-]{1,64}$/.test(value) && !value.startsWith("alter_key_")) return value;
  throw new AlterValueError('The argument must be the id of a key, the part between "alter_key_" and its secret.');
}
