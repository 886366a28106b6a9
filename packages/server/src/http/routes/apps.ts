import type { App } from "@alter-vault/protocol";
import { toTimestamp } from "../../clock.ts";
import type { AppRecord } from "../../store/store.ts";
import type { RouteDeps } from "./routes.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";

const show = ({ id, name, createdAt }: AppRecord): App => ({ app_id: id, name, created_at: toTimestamp(createdAt) });

export function appRoutes({ store, newId, clock }: RouteDeps): RouteHandlers<"whoami" | "listApps" | "createApp"> {
  return {
    whoami: ({ caller }) =>
      reads(async () => {
        const app = await store.findApp(caller.appId);
        const { agent } = caller.asker;
        return {
          app_id: caller.appId,
          app_name: app?.name ?? "",
          key_id: caller.keyId,
          scopes: caller.scopes,
          agent: agent && { agent_id: agent.id, name: agent.name, status: agent.status },
        };
      }),
    listApps: () => reads(async () => ({ apps: (await store.listApps()).map(show) })),
    createApp: ({ body }) => ({
      ok: true,
      run: async () => {
        const app = { id: newId(), name: body.name, createdAt: clock.now() };
        if (await store.insertApp(app)) return { ok: true, body: show(app) };
        return { ok: false, code: "conflict", detail: `there is an app called ${body.name}` };
      },
    }),
  };
}
