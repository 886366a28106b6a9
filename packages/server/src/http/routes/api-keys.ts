import { RUNTIME_SCOPES, type ApiKey, type Scope } from "@alter-vault/protocol";
import type { Failure, OperationCaller } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { createApiKey } from "../../identity/api-keys.ts";
import { boundsWithin, type BoundsGiven } from "../../identity/key-bounds.ts";
import { isCidr } from "../../identity/key-use.ts";
import type { ApiKeyRecord } from "../../store/store.ts";
import type { RouteDeps } from "./routes.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";

const timestampOrNull = (ms: number | null): string | null => (ms === null ? null : toTimestamp(ms));

export function showKey(key: ApiKeyRecord, nowMs: number): ApiKey {
  return {
    key_id: key.id,
    app_id: key.appId,
    name: key.name,
    scopes: [...key.scopes],
    prefix: `alter_key_${key.id}`,
    agent_id: key.agentId,
    status: statusOf(key, nowMs),
    cidrs: key.cidrs && [...key.cidrs],
    requests_per_minute: key.requestsPerMinute,
    created_at: toTimestamp(key.createdAt),
    expires_at: timestampOrNull(key.expiresAt),
    deprecated_at: timestampOrNull(key.deprecatedAt),
    revoked_at: timestampOrNull(key.revokedAt),
  };
}

function statusOf({ revokedAt, expiresAt, deprecatedAt }: ApiKeyRecord, nowMs: number): ApiKey["status"] {
  if (revokedAt !== null) return "revoked";
  if (expiresAt !== null && expiresAt <= nowMs) return "expired";
  return deprecatedAt === null ? "active" : "deprecated";
}

type Ids = "listKeys" | "createKey" | "revokeKey" | "deprecateKey" | "undeprecateKey" | "rotateKey";

const NOT_FOUND = { ok: false, code: "key_not_found", detail: "no key of this id" } as const;

/** Keys of apps and of agents: made, replaced and ended. */
export function apiKeyRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, clock } = deps;
  const find = async (appId: string, id: string): Promise<ApiKeyRecord | null> => {
    const key = await store.findApiKey(id);
    return key?.appId === appId ? key : null;
  };
  const works = (key: ApiKeyRecord): boolean => ["active", "deprecated"].includes(statusOf(key, clock.now()));
  /** Without a key an agent is shut out: that should not happen by mistake. */
  const isLastOfAgent = async (key: ApiKeyRecord): Promise<boolean> => {
    if (key.agentId === null || !works(key)) return false;
    const others = (await store.listApiKeys(key.appId)).filter(
      (other) => other.agentId === key.agentId && other.id !== key.id,
    );
    return !others.some(works);
  };

  return {
    listKeys: ({ caller }) =>
      reads(async () => ({
        keys: (await store.listApiKeys(caller.appId)).map((key) => showKey(key, clock.now())),
      })),
    createKey: ({ caller, body }) => {
      const given = boundsOfNew(caller, body, body.scopes ?? within(caller, RUNTIME_SCOPES), clock.now());
      if (!given.ok) return given;
      return {
        ok: true,
        run: async () => {
          const { apiKey, record } = await createApiKey(deps, {
            appId: caller.appId,
            name: body.name,
            ...given.bounds,
          });
          return { ok: true, body: { ...showKey(record, clock.now()), api_key: apiKey } };
        },
      };
    },
    revokeKey: ({ caller, id, body }) => ({
      ok: true,
      run: async () => {
        const before = await find(caller.appId, id);
        if (!before) return NOT_FOUND;
        if (!body.force && (await isLastOfAgent(before))) return LAST;
        const key = await store.revokeApiKey(caller.appId, id, clock.now());
        return key ? { ok: true, body: showKey(key, clock.now()) } : NOT_FOUND;
      },
    }),
    deprecateKey: ({ caller, id }) => ({
      ok: true,
      run: async () => {
        const key = await store.deprecateApiKey(caller.appId, id, clock.now());
        return key ? { ok: true, body: showKey(key, clock.now()) } : NOT_FOUND;
      },
    }),
    undeprecateKey: ({ caller, id }) => ({
      ok: true,
      run: async () => {
        const key = await store.deprecateApiKey(caller.appId, id, null);
        return key ? { ok: true, body: showKey(key, clock.now()) } : NOT_FOUND;
      },
    }),
    rotateKey: ({ caller, id, body }) => ({
      ok: true,
      run: async () => {
        const old = await find(caller.appId, id);
        if (!old) return NOT_FOUND;
        if (!works(old)) {
          return { ok: false, code: "key_not_found", detail: `the key is ${statusOf(old, clock.now())}` };
        }
        const lifetime = body.expires_in_seconds ?? lifetimeOf(old);
        // Who may rotate keeps a key alive, their own too: for how long is not held to the key that is replaced.
        const given = boundsWithin(
          { ...caller.bounds, expiresAt: null },
          {
            scopes: old.scopes,
            cidrs: old.cidrs ?? undefined,
            requestsPerMinute: old.requestsPerMinute ?? undefined,
            expiresAt: lifetime === undefined ? undefined : clock.now() + lifetime * 1000,
          },
        );
        if (!given.ok) return given;
        const { apiKey, record } = await createApiKey(deps, {
          appId: old.appId,
          name: old.name,
          agentId: old.agentId ?? undefined,
          ...given.bounds,
        });
        await store.deprecateApiKey(old.appId, old.id, clock.now());
        return { ok: true, body: { ...showKey(record, clock.now()), api_key: apiKey } };
      },
    }),
  };
}

/** A key that was made for some time is not replaced by one for ever. */
function lifetimeOf({ createdAt, expiresAt }: ApiKeyRecord): number | undefined {
  return expiresAt === null ? undefined : Math.max(1, Math.round((expiresAt - createdAt) / 1000));
}

export interface KeyWish {
  readonly constraints?:
    | { readonly cidrs?: readonly string[] | undefined; readonly requests_per_minute?: number | undefined }
    | undefined;
  readonly expires_in_seconds?: number | undefined;
}

/** What a new key gets of these scopes, as far as its maker reaches. Codes: `invalid_request`, and of {@link boundsWithin}. */
export function boundsOfNew(
  { bounds }: OperationCaller,
  { constraints, expires_in_seconds }: KeyWish,
  scopes: readonly Scope[],
  nowMs: number,
): BoundsGiven {
  // A range that is none would shut everybody out.
  const wrong = constraints?.cidrs?.findIndex((cidr) => !isCidr(cidr)) ?? -1;
  if (wrong !== -1) {
    return invalid("invalid_request", [{ path: `constraints.cidrs.${wrong}`, message: "is no address and no range" }]);
  }
  return boundsWithin(bounds, {
    scopes,
    cidrs: constraints?.cidrs,
    requestsPerMinute: constraints?.requests_per_minute,
    expiresAt: expires_in_seconds === undefined ? undefined : nowMs + expires_in_seconds * 1000,
  });
}

/** Those of the scopes that the caller has: what a new key gets unless asked otherwise. */
export const within = ({ scopes }: OperationCaller, some: readonly Scope[]): readonly Scope[] =>
  some.filter((scope) => scopes.includes(scope));

const LAST: Failure = {
  ok: false,
  code: "last_active_key",
  detail: "the agent would be left without a key that works",
};
