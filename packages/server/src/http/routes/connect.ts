import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

/** Sessions for an app's users. What browsers do with them is in `http/connect/`. */
export function connectRoutes({
  connect,
}: Pick<RouteDeps, "connect">): RouteHandlers<"createConnectSession" | "pollConnectSession" | "createDeviceConnect"> {
  return {
    createConnectSession: ({ caller, body }) => connect.planSession(caller.asker, body),
    createDeviceConnect: ({ caller, body }) => connect.planDevice(caller.asker, body),
    pollConnectSession: ({ caller, body }) => reads(() => connect.poll(caller.appId, body.session_token)),
  };
}
