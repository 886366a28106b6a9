import type { ConnectSessionState } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { ConnectDeps } from "./connect.ts";
import type { DeviceConnects } from "./device-connect.ts";
import { readSession, sessionState, type Session } from "./session.ts";
import { hashToken } from "./token.ts";

/** For the app that made the session. Another app's does not exist. */
export async function pollSession(
  deps: ConnectDeps,
  devices: DeviceConnects,
  appId: string,
  token: string,
): Promise<ConnectSessionState | Failure> {
  const session = await read(deps, appId, token);
  if (!session)
    return { ok: false, code: "connect_session_not_found", detail: "no session of this app has this token" };
  if (session.options.kind !== "device" || session.status !== "pending") return sessionState(session);
  await devices.advance(session);
  return sessionState((await read(deps, appId, token)) ?? session);
}

async function read({ store, clock }: ConnectDeps, appId: string, token: string): Promise<Session | null> {
  const record = await store.findConnectSession(hashToken(token));
  return record && record.appId === appId ? readSession(record, clock.now()) : null;
}
