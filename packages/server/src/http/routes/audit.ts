import type { AuditQuery } from "@alter-vault/protocol";
import type { OperationCaller } from "../../call.ts";
import { exportAudit, listAudit, toAuditEntry } from "../../audit/read.ts";
import type { RouteDeps } from "./routes.ts";
import { jsonLines, reads, type RouteHandlers } from "./route-handler.ts";

export function auditRoutes(deps: RouteDeps): RouteHandlers<"listAudit" | "getAudit" | "exportAudit" | "verifyAudit"> {
  const { store, keyring, verifyAudit } = deps;
  return {
    listAudit: ({ caller, query }) => reads(() => listAudit(deps, caller.appId, ownOnly(caller, query))),
    getAudit: ({ caller, id }) =>
      reads(async () => {
        const found = await store.findEntry(caller.appId, id);
        const entry = found && (await toAuditEntry(keyring, found, await store.runningChains()));
        const user = caller.asker.user;
        if (!entry || (user && entry.user_id !== user.id)) return NOT_FOUND;
        return entry;
      }),
    exportAudit: ({ caller, query }) => ({
      ok: true,
      run: async () => ({
        ok: true,
        body: null,
        lines: jsonLines(exportAudit(deps, caller.appId, ownOnly(caller, query))),
      }),
    }),
    verifyAudit: () => ({ ok: true, run: async () => ({ ok: true, body: await verifyAudit() }) }),
  };
}

const NOT_FOUND = { ok: false, code: "entry_not_found", detail: "no entry of this id" } as const;

/** Whoever asks for a user reads what was done for that user. */
function ownOnly({ asker: { user } }: OperationCaller, query: AuditQuery): AuditQuery {
  return user ? { ...query, user_id: user.id } : query;
}
