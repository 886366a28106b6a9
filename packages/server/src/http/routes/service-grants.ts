import { showGrant } from "./grants.ts";
import type { RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

/** Grants that need no user: client credentials, service accounts, installations. */
export function serviceGrantRoutes({ store, oauth, clock }: RouteDeps): RouteHandlers<"createServiceGrant"> {
  return {
    createServiceGrant: ({ caller, id, body }) => ({
      ok: true,
      facts: { provider: id },
      run: async () => {
        const connected = await oauth.service(caller.appId, id, body);
        if (!connected.ok) return connected;
        const found = await store.findGrant(caller.appId, connected.grant.grant_id);
        if (!found) return { ok: false, code: "grant_not_found", detail: "the grant was revoked meanwhile" };
        return { ok: true, body: showGrant(found.grant, found.oauth, clock.now()) };
      },
    }),
  };
}
