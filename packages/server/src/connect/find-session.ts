import type { Failure } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { ConnectStore } from "../store/connect-records.ts";
import { isAtItsAddress, readSession, type Session, type Visitor } from "./session.ts";
import { hashToken } from "./token.ts";

const UNKNOWN: Failure = {
  ok: false,
  code: "connect_session_not_found",
  detail: "no session has this token; the link may be incomplete",
};
const ELSEWHERE: Failure = {
  ok: false,
  code: "connect_browser_mismatch",
  detail: "the session may be used from another address only",
};

export type FoundSession =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly failure: Failure; readonly session: Session | null };

/** The session of a token, whatever its status. Those that have no page, or are locked to another address, are not found. */
export async function findSession(
  { store, clock }: { readonly store: ConnectStore; readonly clock: Clock },
  visitor: Visitor,
  token: string,
): Promise<FoundSession> {
  const record = await store.findConnectSession(hashToken(token));
  const session = record && readSession(record, clock.now());
  if (!session || session.options.kind === "device") return { ok: false, failure: UNKNOWN, session: null };
  if (!isAtItsAddress(session, visitor)) return { ok: false, failure: ELSEWHERE, session };
  return { ok: true, session };
}

export function closed(session: Session): Failure {
  const why = session.status === "expired" ? "the link was not used in time" : `it is ${session.status} already`;
  return { ok: false, code: "connect_session_closed", detail: why };
}
