import { exportAudit, listAudit, toAuditEntry } from "../../audit/read.ts";
import type { RouteDeps } from "./routes.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";

export function auditRoutes({
  store,
  verifyAudit,
}: RouteDeps): RouteHandlers<"listAudit" | "getAudit" | "exportAudit" | "verifyAudit"> {
  return {
    listAudit: ({ caller, query }) => reads(() => listAudit(store, caller.appId, query)),
    getAudit: ({ caller, id }) =>
      reads(async () => {
        const found = await store.findEntry(caller.appId, id);
        if (!found) return { ok: false, code: "entry_not_found", detail: "no entry of this id" };
        return toAuditEntry(found, await store.runningChains());
      }),
    exportAudit: ({ caller, query }) => ({
      ok: true,
      run: async () => ({ ok: true, body: null, lines: jsonLines(exportAudit(store, caller.appId, query)) }),
    }),
    verifyAudit: () => ({ ok: true, run: async () => ({ ok: true, body: await verifyAudit() }) }),
  };
}

async function* jsonLines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
