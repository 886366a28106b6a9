import type { ConnectSessionCreate, ConnectSessionState, DeviceConnectCreate } from "@alter-vault/protocol";
import type { z } from "zod";
import type { AuditLog } from "../audit/log.ts";
import type { RefusalLimit } from "../audit/refusal-limit.ts";
import type { Failure, Plan, Refused } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { OAuthEngine } from "../credential/oauth/engine.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type { Asker } from "../identity/asker.ts";
import type { AgentStore } from "../store/agent-records.ts";
import type { IdentityStore } from "../store/identity-records.ts";
import type { AppStore } from "../store/store.ts";
import type { ConnectStore } from "../store/connect-records.ts";
import type { GrantStore } from "../store/grant-records.ts";
import type { ProviderStore } from "../store/provider-records.ts";
import type { BrowserCookie } from "./browser-cookie.ts";
import { beginAttempt } from "./begin-attempt.ts";
import { refuseBrowser, type ConnectAction } from "./connect-log.ts";
import { endSession } from "./end-session.ts";
import { finishAttempt } from "./finish-attempt.ts";
import { connectingApp, lookAtSession, type ConnectingApp, type Looked } from "./look-at-session.ts";
import { createDeviceConnects } from "./device-connect.ts";
import { planSession } from "./plan-session.ts";
import { pollSession } from "./poll-session.ts";
import type { Session, Visitor } from "./session.ts";
import { readStatus, type ConnectStatus } from "./read-status.ts";

/**
 * Connect: how a user lets an app use an account. The app makes a session and sends the browser to its link; here is what
 * the browser may do with it: look, choose a provider, go there, come back, be done.
 *
 * It trusts the API key that made the session, and of the browser two things: the session's token, which is the right to
 * act, and the cookie of an attempt, which proves that the browser that comes back is the one that left. It refuses
 * everything else that a link can carry: a state that nobody sent, a place to return to that is not on the app's list.
 * What is said to the provider is the OAuth engine's business.
 *
 * Nobody signs these requests, so each is written to the audit log before it has an effect, and refusals at a bounded
 * rate. Looking at a page changes nothing and is not written.
 */
export interface Connect {
  /** What an app asks for, checked; running the plan makes the session. */
  planSession(asker: Asker, asked: z.output<typeof ConnectSessionCreate>): Promise<Plan>;
  planDevice(asker: Asker, asked: z.output<typeof DeviceConnectCreate>): Promise<Plan>;
  /** For the app. A session with a device code asks the provider on the way, as often as the provider allows. */
  poll(appId: string, token: string): Promise<ConnectSessionState | Failure>;

  look(visitor: Visitor, token: string): Promise<Looked | ConnectRefused>;
  /** The browser has chosen; it gets a cookie and the provider's address. */
  begin(visitor: Visitor, choice: Choice): Promise<Departure | ConnectRefused>;
  /** The browser is back from the provider. The state is used up, whatever comes of it. */
  callback(visitor: Visitor, parameters: URLSearchParams): Promise<Arrival>;
  /** The user wants nothing more: completed when something was connected, declined when not. */
  end(visitor: Visitor, token: string): Promise<{ readonly ok: true } | ConnectRefused>;
  /** For the page that opened the popup; only for the session's own origin. */
  status(visitor: Visitor, token: string, origin: string | undefined): Promise<ConnectStatus | ConnectRefused>;
  /** A form that is none of the vault's own pages', or no form. */
  refuseForm(action: ConnectAction, isForeign: boolean): Promise<ConnectRefused>;
  app(appId: string): Promise<ConnectingApp>;
  /** Deletes sessions and attempts that ended a day ago. */
  forgetEnded(): Promise<void>;
}

export interface ConnectDeps {
  readonly store: ConnectStore &
    Pick<AppStore, "findApp"> &
    Pick<GrantStore, "findGrant"> &
    Pick<AgentStore, "findAgent" | "findAgentByName"> &
    Pick<IdentityStore, "findUser" | "findIdp"> &
    ProviderStore;
  readonly keyring: Keyring;
  readonly engine: OAuthEngine;
  readonly log: AuditLog;
  readonly refusalLimit: RefusalLimit;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  /** Where browsers reach the vault: an origin, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Apps on loopback need not be on the list of return URLs and origins. For development. */
  readonly allowLoopback: boolean;
}

export interface Choice {
  readonly token: string;
  readonly providerId: string;
  /** What the user filled in. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface Departure {
  readonly ok: true;
  readonly url: string;
  readonly providerName: string;
  readonly cookie: BrowserCookie;
}

/** Where the browser goes on: the session's page, by its token. */
export type Arrival = { readonly cookie: BrowserCookie | null } & (
  | { readonly ok: true; readonly token: string }
  | ConnectRefused
);

/** A refusal that is shown to a person. */
export interface ConnectRefused extends Refused {
  /** Whose session it is, when that is known: the app may hear of it. */
  readonly session: Session | null;
  /** The session is open, and this browser may try again. */
  readonly retryToken: string | null;
}

const FOREIGN_FORM: Failure = {
  ok: false,
  code: "origin_not_allowed",
  detail: "the form was sent from a page of somebody else",
};
const NO_FORM: Failure = { ok: false, code: "invalid_request", detail: "this is not a form of the vault's pages" };
const KEEP_ENDED_MS = 24 * 60 * 60 * 1000;
const FORGET_AT_MOST = 1_000;

export function callbackUrl(publicUrl: string): string {
  return `${publicUrl}/oauth/callback`;
}

export function createConnect(deps: ConnectDeps): Connect {
  const devices = createDeviceConnects(deps);
  return {
    planSession: (asker, asked) => planSession(deps, asker, asked),
    planDevice: (asker, asked) => devices.plan(asker, asked),
    poll: (appId, token) => pollSession(deps, devices, appId, token),
    look: (visitor, token) => lookAtSession(deps, visitor, token),
    begin: (visitor, choice) => beginAttempt(deps, visitor, choice),
    callback: (visitor, parameters) => finishAttempt(deps, visitor, parameters),
    end: (visitor, token) => endSession(deps, visitor, token),
    status: (visitor, token, origin) => readStatus(deps, visitor, token, origin),
    refuseForm: (action, isForeign) => refuseBrowser(deps, action, isForeign ? FOREIGN_FORM : NO_FORM),
    app: (appId) => connectingApp(deps, appId),
    async forgetEnded() {
      await deps.store.forgetConnectSessions(deps.clock.now() - KEEP_ENDED_MS, FORGET_AT_MOST);
    },
  };
}
