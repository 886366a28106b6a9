import { refused } from "../refuse.ts";
import type { ConnectSessionChange } from "../store/connect-records.ts";
import type { ConnectDeps, ConnectRefused } from "./connect.ts";
import { allowBrowser, refuseBrowser } from "./connect-log.ts";
import { closed, findSession } from "./find-session.ts";
import type { Session, Visitor } from "./session.ts";

/** "Done", or "Cancel" where nothing was connected. */
export async function endSession(
  deps: ConnectDeps,
  visitor: Visitor,
  token: string,
): Promise<{ readonly ok: true } | ConnectRefused> {
  const found = await findSession(deps, visitor, token);
  if (!found.ok) return refuseBrowser(deps, "connect.finish", found.failure, { session: found.session });
  const { session } = found;
  if (session.status !== "pending") return refuseBrowser(deps, "connect.finish", closed(session), { session });
  const allowed = await allowBrowser(deps, "connect.finish", session);
  if (!allowed.ok) return allowed;
  const ended = await deps.store.changeConnectSession(session.appId, session.id, endOf(session));
  allowed.outcome(ended ? null : GONE);
  return ended ? { ok: true } : { ...refused(allowed.requestId, GONE), session, retryToken: null };
}

const GONE = { ok: false, code: "connect_session_closed", detail: "the session ended in the meantime" } as const;

/** An error that made the user give up is what the app should hear of. */
function endOf({ grants, error }: Session): ConnectSessionChange {
  if (grants.length > 0) return { status: "completed", error: null };
  if (error) return { status: error.code === "connect_denied" ? "denied" : "failed" };
  return {
    status: "denied",
    error: { code: "connect_denied", detail: "the user chose not to connect", providerId: null },
  };
}
