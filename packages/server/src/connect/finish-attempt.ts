import type { ConnectedGrant } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import { refused } from "../refuse.ts";
import type { ConnectAttemptRecord } from "../store/connect-records.ts";
import { attemptContext, type SealedAttempt } from "./begin-attempt.ts";
import { cookieName, type BrowserCookie } from "./browser-cookie.ts";
import { callbackUrl, type Arrival, type ConnectDeps, type ConnectRefused } from "./connect.ts";
import { allowBrowser, refuseBrowser } from "./connect-log.ts";
import { closed } from "./find-session.ts";
import { ownerGone } from "./owner-gone.ts";
import { isAtItsAddress, readSession, type Session, type Visitor } from "./session.ts";
import { hashToken, isTokenOf } from "./token.ts";

const ACTION = "connect.callback";
const UNKNOWN_STATE = "the state is none that the vault sent";
const MISMATCH: Failure = {
  ok: false,
  code: "connect_browser_mismatch",
  detail: "the cookie of the browser that started is missing or another",
};
const ELSEWHERE: Failure = { ...MISMATCH, detail: "the session may be used from another address only" };
const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the attempt does not open" };
const GONE: Failure = { ok: false, code: "connect_session_closed", detail: "the session ended in the meantime" };

/** State, browser, session, address: in this order, and only then the provider is asked. */
export async function finishAttempt(
  deps: ConnectDeps,
  visitor: Visitor,
  parameters: URLSearchParams,
): Promise<Arrival> {
  const taken = await takeAttempt(deps, parameters);
  if (!taken.ok) {
    const { failure, appId } = taken;
    return { ...(await refuseBrowser(deps, ACTION, failure, appId === null ? {} : { appId })), cookie: null };
  }
  const { attempt } = taken;
  const name = cookieName(deps.publicUrl(), attempt.id);
  const cookie: BrowserCookie = { name, value: "", maxAgeSeconds: 0 };
  const checked = await checkArrival(deps, visitor, attempt, visitor.cookies.get(name));
  return { ...(checked.ok ? await finish(deps, checked, attempt, parameters) : checked), cookie };
}

type Taken =
  | { readonly ok: true; readonly attempt: ConnectAttemptRecord }
  | { readonly ok: false; readonly failure: Failure; readonly appId: string | null };

async function takeAttempt({ store, clock }: ConnectDeps, parameters: URLSearchParams): Promise<Taken> {
  const refusal = (detail: string, appId: string | null): Taken => ({
    ok: false,
    failure: { ok: false, code: "connect_state_invalid", detail },
    appId,
  });
  const [state, ...more] = parameters.getAll("state");
  if (state === undefined || more.length > 0) return refusal("there is no state, or more than one", null);
  const now = clock.now();
  const attempt = await store.takeConnectAttempt(hashToken(state), now);
  // A device code has no way back, so its state is nobody's.
  if (!attempt || attempt.browserHash === "") return refusal(UNKNOWN_STATE, null);
  if (attempt.usedAt !== null) return refusal("the state was used before", attempt.appId);
  if (attempt.expiresAt <= now) return refusal("the attempt took too long", attempt.appId);
  return { ok: true, attempt };
}

interface CheckedArrival {
  readonly ok: true;
  readonly session: Session;
  readonly sealed: SealedAttempt;
}

async function checkArrival(
  deps: ConnectDeps,
  visitor: Visitor,
  attempt: ConnectAttemptRecord,
  cookie: string | undefined,
): Promise<CheckedArrival | ConnectRefused> {
  const { appId, provider } = attempt;
  const record = await deps.store.findConnectSessionById(appId, attempt.sessionId);
  const session = record && readSession(record, deps.clock.now());
  const circumstances = { appId, provider, session };
  if (cookie === undefined || !isTokenOf(cookie, attempt.browserHash)) {
    // Whoever this is has no business with the session: neither page nor app hear of it.
    return { ...(await refuseBrowser(deps, ACTION, MISMATCH, circumstances)), session: null };
  }
  if (!session) return refuseBrowser(deps, ACTION, GONE, circumstances);
  if (session.status !== "pending") return refuseBrowser(deps, ACTION, closed(session), circumstances);
  if (!isAtItsAddress(session, visitor)) {
    return { ...(await refuseBrowser(deps, ACTION, ELSEWHERE, circumstances)), session: null };
  }
  const gone = await ownerGone(deps.store, session);
  if (gone) return refuseBrowser(deps, ACTION, gone, circumstances);
  const opened = deps.keyring.open(attemptContext(session, attempt.id), attempt.sealedSecrets);
  if (!opened.ok) return refuseBrowser(deps, ACTION, UNREADABLE, circumstances);
  return { ok: true, session, sealed: JSON.parse(opened.plain.toString()) as SealedAttempt };
}

type Finished = { readonly ok: true; readonly token: string } | ConnectRefused;

async function finish(
  deps: ConnectDeps,
  { session, sealed }: CheckedArrival,
  attempt: ConnectAttemptRecord,
  parameters: URLSearchParams,
): Promise<Finished> {
  const { appId, provider } = attempt;
  const allowed = await allowBrowser(deps, ACTION, session, { provider });
  if (!allowed.ok) return allowed;
  const result = await deps.engine.finish({
    ...session.options.wishes,
    appId,
    providerId: provider,
    callback: parameters,
    askedScopes: attempt.askedScopes,
    variables: attempt.variables,
    secrets: sealed.secrets,
    callbackUrl: callbackUrl(deps.publicUrl()),
  });
  allowed.outcome(result.ok ? null : result);
  if (result.ok) return keep(deps, session, result.grant, sealed.token);
  return fail(deps, session, provider, result, { requestId: allowed.requestId, token: sealed.token });
}

async function keep(deps: ConnectDeps, session: Session, grant: ConnectedGrant, token: string): Promise<Finished> {
  const added = await addGrant(deps, session, grant);
  if (!added.ok) return added;
  return { ok: true, token };
}

/** Written down with the grant's id, by which it is looked for later; then the app may see it. */
export async function addGrant(
  deps: ConnectDeps,
  session: Session,
  grant: ConnectedGrant,
): Promise<{ readonly ok: true } | ConnectRefused> {
  const about = { provider: grant.provider, grantId: grant.grant_id };
  const allowed = await allowBrowser(deps, "connect.connected", session, about);
  if (!allowed.ok) return allowed;
  const { appId, id } = session;
  const changed = await deps.store.changeConnectSession(appId, id, { grant, error: null });
  allowed.outcome(changed ? null : GONE);
  if (!changed) return { ...refused(allowed.requestId, GONE), session, retryToken: null };
  const connected = new Set(changed.grants.map(({ provider }) => provider));
  const nothingLeft = session.options.providers.every((provider) => connected.has(provider));
  if (nothingLeft) await deps.store.changeConnectSession(appId, id, { status: "completed" });
  return { ok: true };
}

/** The session stays open for another try, unless the user declined the only thing there was. */
async function fail(
  deps: ConnectDeps,
  session: Session,
  providerId: string,
  failure: Failure,
  { requestId, token }: { readonly requestId: string; readonly token: string },
): Promise<Finished> {
  const declined = failure.code === "connect_denied";
  const error = { code: failure.code, detail: failure.detail, providerId };
  const over = declined && session.options.providers.length === 1 && session.grants.length === 0;
  const change = over ? ({ status: "denied", error } as const) : { error };
  await deps.store.changeConnectSession(session.appId, session.id, change);
  if (declined) return { ok: true, token };
  return { ...refused(requestId, failure), session, retryToken: token };
}
