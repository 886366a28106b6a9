import type { AuditHold, AuditRetention } from "@alter-vault/protocol";
import { lacksScope } from "../../check-call.ts";
import { toTimestamp } from "../../clock.ts";
import type { HoldRecord } from "../../store/retention-records.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids = "getAuditRetention" | "putAuditRetention" | "listAuditHolds" | "addAuditHold" | "releaseAuditHold";

const time = (at: number | null): string | null => (at === null ? null : toTimestamp(at));

const showHold = (hold: HoldRecord): AuditHold => ({
  hold_id: hold.id,
  app_id: hold.appId,
  user_id: hold.userId,
  since: time(hold.since),
  until: time(hold.until),
  reason: hold.reason,
  created_by: hold.createdBy,
  created_at: toTimestamp(hold.createdAt),
  released_by: hold.releasedBy,
  released_at: time(hold.releasedAt),
});

const NO_HOLD = { ok: false, code: "hold_not_found", detail: "no hold of this id" } as const;

/** How long the log is kept, and what of it must be kept longer. */
export function auditRetentionRoutes({ store, clock, newId }: RouteDeps): RouteHandlers<Ids> {
  async function showRetention(): Promise<AuditRetention> {
    const [retention, starts] = [await store.getRetention(), await store.chainStarts()];
    return {
      days: retention?.days ?? null,
      set_by: retention?.setBy ?? null,
      set_at: time(retention?.setAt ?? null),
      removed_before: starts.length === 0 ? null : toTimestamp(Math.max(...starts.map(({ before }) => before))),
      removed_rows: starts.reduce((sum, { seq }) => sum + seq, 0),
    };
  }

  return {
    getAuditRetention: () => reads(showRetention),
    putAuditRetention: ({ caller, body: { days, reason = null } }) => {
      // The log is that of all apps.
      if (!caller.scopes.includes("apps:write")) return lacksScope("apps:write");
      return {
        ok: true,
        facts: { reason, context: { days: days === null ? "for ever" : String(days) } },
        run: async () => {
          await store.setRetention(days === null ? null : { days, setBy: caller.keyId, setAt: clock.now() });
          return { ok: true, body: await showRetention() };
        },
      };
    },
    listAuditHolds: ({ caller }) => reads(async () => ({ holds: (await store.listHolds(caller.appId)).map(showHold) })),
    addAuditHold: ({ caller, body }) => {
      const hold: HoldRecord = {
        id: newId(),
        appId: caller.appId,
        userId: body.user_id ?? null,
        since: body.since === undefined ? null : Date.parse(body.since),
        until: body.until === undefined ? null : Date.parse(body.until),
        reason: body.reason,
        createdBy: caller.keyId,
        createdAt: clock.now(),
        releasedBy: null,
        releasedAt: null,
      };
      if (hold.since !== null && hold.until !== null && hold.since >= hold.until) {
        return invalid("invalid_request", [{ path: "until", message: "must be after since" }]);
      }
      return {
        ok: true,
        facts: { reason: hold.reason, context: { hold_id: hold.id }, user_id: hold.userId },
        run: async () => {
          await store.insertHold(hold);
          return { ok: true, body: showHold(hold) };
        },
      };
    },
    releaseAuditHold: ({ caller, id, body: { reason = null } }) => ({
      ok: true,
      facts: { reason, context: { hold_id: id } },
      run: async () => {
        const released = await store.releaseHold(caller.appId, id, caller.keyId, clock.now());
        return released ? { ok: true, body: showHold(released) } : NO_HOLD;
      },
    }),
  };
}
