import { checkGrantData } from "../../credential/oauth/grant-data.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

/** What an app keeps with its grants: settings, labels, mappings. */
export function grantDataRoutes({ store }: Pick<RouteDeps, "store">): RouteHandlers<"getGrantData" | "putGrantData"> {
  return {
    getGrantData: ({ caller, id }) =>
      reads(async () => {
        const found = await store.findGrant(caller.appId, id);
        return found ? { grant_id: id, data: found.grant.data ?? {} } : NOT_FOUND;
      }),

    putGrantData: async ({ caller, id, body }) => {
      const found = await store.findGrant(caller.appId, id);
      if (!found) return NOT_FOUND;
      const { grant } = found;
      if (grant.status === "deleted") return DELETED;
      // A managed secret may go by the name of a provider; its grants have nothing to do with that.
      const config = grant.secretId === null ? await store.findProviderConfig(caller.appId, grant.provider) : null;
      const issues = checkGrantData(config?.grantSchema ?? null, body.data);
      if (issues.length > 0) return invalid("grant_data_invalid", issues);
      return {
        ok: true,
        facts: { grant_id: id, provider: grant.provider },
        run: async () => {
          const changed = await store.setGrantData(caller.appId, id, body.data);
          return changed ? { ok: true, body: { grant_id: id, data: changed.data ?? {} } } : DELETED;
        },
      };
    },
  };
}

const NOT_FOUND = { ok: false, code: "grant_not_found", detail: "no grant of this id" } as const;
const DELETED = { ok: false, code: "grant_deleted", detail: "the grant was deleted" } as const;
