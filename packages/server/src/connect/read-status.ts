import type { ConnectDeps, ConnectRefused } from "./connect.ts";
import { resultMessage, type ResultMessage } from "./result-message.ts";
import { refuseBrowser } from "./connect-log.ts";
import { findSession } from "./find-session.ts";
import type { Session, Visitor } from "./session.ts";

/** For a page whose popup cannot speak to it any more. */
export interface ConnectStatus {
  readonly ok: true;
  readonly session: Session;
  readonly origin: string;
  /** What the popup would have said; null while nothing is decided. */
  readonly message: ResultMessage | null;
  /** A browser is at a provider at this moment, so a popup that seems closed may only be out of sight. */
  readonly atProvider: boolean;
}

export async function readStatus(
  deps: ConnectDeps,
  visitor: Visitor,
  token: string,
  origin: string | undefined,
): Promise<ConnectStatus | ConnectRefused> {
  const found = await findSession(deps, visitor, token);
  if (!found.ok) return refuseBrowser(deps, "connect.status", found.failure, { session: found.session });
  const { session } = found;
  if (origin === undefined || origin !== session.options.allowedOrigin) {
    return refuseBrowser(deps, "connect.status", FOREIGN, { session });
  }
  const attempt = await deps.store.findConnectAttempt(session.appId, session.id);
  const atProvider = attempt !== null && attempt.usedAt === null && attempt.expiresAt > deps.clock.now();
  return { ok: true, session, origin, message: resultMessage(session), atProvider };
}

const FOREIGN = {
  ok: false,
  code: "origin_not_allowed",
  detail: "the page that asks is not the one the session is for",
} as const;
