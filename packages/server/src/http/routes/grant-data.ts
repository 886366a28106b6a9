import { checkGrantData } from "../../credential/oauth/grant-data.ts";
import type { OperationCaller } from "../../call.ts";
import { isShown } from "../../identity/visible.ts";
import type { GrantRecord } from "../../store/grant-records.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

/** What an app keeps with its grants: settings, labels, mappings. */
export function grantDataRoutes({
  store,
  clock,
}: Pick<RouteDeps, "store" | "clock">): RouteHandlers<"getGrantData" | "putGrantData"> {
  const find = async ({ appId, asker }: OperationCaller, id: string): Promise<GrantRecord | null> => {
    const found = await store.findGrant(appId, id);
    return found && (await isShown(store, asker, found.grant, clock.now())) ? found.grant : null;
  };
  return {
    getGrantData: ({ caller, id }) =>
      reads(async () => {
        const grant = await find(caller, id);
        return grant ? { grant_id: id, data: grant.data ?? {} } : NOT_FOUND;
      }),

    putGrantData: async ({ caller, id, body }) => {
      const grant = await find(caller, id);
      if (!grant) return NOT_FOUND;
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
