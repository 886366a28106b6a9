import type { ApiKey } from "@alter-vault/protocol";
import { toTimestamp } from "../../clock.ts";
import { createApiKey } from "../../identity/api-keys.ts";
import type { ApiKeyRecord } from "../../store/store.ts";
import type { RouteDeps } from "./routes.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";

const timestampOrNull = (ms: number | null): string | null => (ms === null ? null : toTimestamp(ms));

const show = (key: ApiKeyRecord): ApiKey => ({
  key_id: key.id,
  app_id: key.appId,
  name: key.name,
  scopes: [...key.scopes],
  prefix: `alter_key_${key.id}`,
  created_at: toTimestamp(key.createdAt),
  expires_at: timestampOrNull(key.expiresAt),
  revoked_at: timestampOrNull(key.revokedAt),
});

export function apiKeyRoutes(deps: RouteDeps): RouteHandlers<"listKeys" | "createKey" | "revokeKey"> {
  const { store, clock } = deps;
  return {
    listKeys: ({ caller }) => reads(async () => ({ keys: (await store.listApiKeys(caller.appId)).map(show) })),
    createKey: ({ caller, body }) => {
      // A key cannot make one that may do more than itself.
      const beyond = body.scopes?.find((scope) => !caller.scopes.includes(scope));
      if (beyond) {
        const detail = `this key lacks ${beyond} and cannot give it`;
        return { ok: false, code: "insufficient_scope", detail, details: { required_scope: beyond } };
      }
      return {
        ok: true,
        run: async () => {
          const { apiKey, record } = await createApiKey(deps, {
            appId: caller.appId,
            name: body.name,
            scopes: body.scopes,
            expiresInSeconds: body.expires_in_seconds,
          });
          return { ok: true, body: { ...show(record), api_key: apiKey } };
        },
      };
    },
    revokeKey: ({ caller, id }) => ({
      ok: true,
      run: async () => {
        const key = await store.revokeApiKey(caller.appId, id, clock.now());
        return key ? { ok: true, body: show(key) } : { ok: false, code: "key_not_found", detail: "no key of this id" };
      },
    }),
  };
}
