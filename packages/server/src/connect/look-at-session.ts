import type { ConnectDeps, ConnectRefused } from "./connect.ts";
import { connectChoices, type ConnectChoice } from "./connect-choices.ts";
import { refuseBrowser } from "./connect-log.ts";
import { closed, findSession } from "./find-session.ts";
import type { Session, Visitor } from "./session.ts";

/** What a page of the session shows. */
export interface Looked {
  readonly ok: true;
  readonly session: Session;
  readonly app: ConnectingApp;
  /** Empty when the session is over. */
  readonly choices: readonly ConnectChoice[];
}

/** Who asks, as the user knows it. */
export interface ConnectingApp {
  readonly name: string;
  readonly websiteUrl: string | null;
}

/** A session that has ended may be looked at until its time is over: pages are loaded again. */
export async function lookAtSession(
  deps: ConnectDeps,
  visitor: Visitor,
  token: string,
): Promise<Looked | ConnectRefused> {
  const found = await findSession(deps, visitor, token);
  if (!found.ok) return refuseBrowser(deps, "connect.open", found.failure, { session: found.session });
  const { session } = found;
  if (session.status === "expired" || session.expiresAt <= deps.clock.now()) {
    return refuseBrowser(deps, "connect.open", closed(session), { session });
  }
  const choices = session.status === "pending" ? await connectChoices(deps.engine, session) : [];
  if (session.status === "pending" && choices.length === 0) return refuseBrowser(deps, "connect.open", NONE, found);
  return { ok: true, session, app: await connectingApp(deps, session.appId), choices };
}

const NONE = { ok: false, code: "provider_not_configured", detail: "there is nothing to connect any more" } as const;

export async function connectingApp({ store }: Pick<ConnectDeps, "store">, appId: string): Promise<ConnectingApp> {
  const settings = await store.findConnectSettings(appId);
  const name = settings?.display_name ?? (await store.findApp(appId))?.name ?? "An app";
  return { name, websiteUrl: settings?.website_url ?? null };
}
