import type { AttemptSecrets } from "../credential/oauth/engine.ts";
import type { SealContext } from "../crypto/envelope.ts";
import { refused } from "../refuse.ts";
import { callbackUrl, type Choice, type ConnectDeps, type ConnectRefused, type Departure } from "./connect.ts";
import { cookieName } from "./browser-cookie.ts";
import { connectChoices, readAnswers } from "./connect-choices.ts";
import { allowBrowser, refuseBrowser } from "./connect-log.ts";
import { closed, findSession } from "./find-session.ts";
import { ownerGone } from "./owner-gone.ts";
import type { Session, Visitor } from "./session.ts";
import { hashToken, newToken } from "./token.ts";

/** What an attempt keeps sealed until the browser is back. */
export interface SealedAttempt {
  readonly secrets: AttemptSecrets;
  /** The session's, which the store itself knows by its hash only: the way back to the session's page. */
  readonly token: string;
}

/** A user who signs in somewhere may have to find a phone first. */
const ATTEMPT_MS = 30 * 60 * 1000;

export async function beginAttempt(
  deps: ConnectDeps,
  visitor: Visitor,
  { token, providerId, variables }: Choice,
): Promise<Departure | ConnectRefused> {
  const found = await findSession(deps, visitor, token);
  if (!found.ok) return refuseBrowser(deps, "connect.begin", found.failure, { session: found.session });
  const { session } = found;
  if (session.status !== "pending") return refuseBrowser(deps, "connect.begin", closed(session), { session });
  const gone = await ownerGone(deps.store, session);
  if (gone) return refuseBrowser(deps, "connect.begin", gone, { session });
  const circumstances = { session, provider: providerId, retryToken: token };
  const chosen = (await connectChoices(deps.engine, session)).find((choice) => choice.providerId === providerId);
  if (!chosen) return refuseBrowser(deps, "connect.begin", NOT_A_CHOICE, { session, retryToken: token });
  const answers = readAnswers(chosen.questions, variables);
  if (!answers.ok) return refuseBrowser(deps, "connect.begin", answers, circumstances);

  const allowed = await allowBrowser(deps, "connect.begin", session, { provider: providerId });
  if (!allowed.ok) return allowed;
  const state = await newState(deps, session.appId, providerId);
  const begun = await deps.engine.begin({
    appId: session.appId,
    providerId,
    scopes: session.options.scopes[providerId],
    variables: { ...session.options.variables[providerId], ...answers.variables },
    state,
    callbackUrl: callbackUrl(deps.publicUrl()),
    loginHint: session.options.loginHint ?? undefined,
  });
  allowed.outcome(begun.ok ? null : begun);
  if (!begun.ok) return { ...refused(allowed.requestId, begun), session, retryToken: token };

  const id = deps.newId();
  const browser = newToken(deps.random);
  const sealed: SealedAttempt = { secrets: begun.secrets, token };
  const now = deps.clock.now();
  const expiresAt = Math.min(now + ATTEMPT_MS, session.expiresAt);
  await deps.store.insertConnectAttempt({
    id,
    appId: session.appId,
    sessionId: session.id,
    provider: providerId,
    stateHash: hashToken(state),
    browserHash: hashToken(browser),
    sealedSecrets: await deps.keyring.seal(attemptContext(session, id), Buffer.from(JSON.stringify(sealed))),
    askedScopes: begun.askedScopes,
    variables: begun.variables,
    createdAt: now,
    expiresAt,
    usedAt: null,
  });
  const maxAgeSeconds = Math.ceil((expiresAt - now) / 1000);
  const name = cookieName(deps.publicUrl(), id);
  return { ok: true, url: begun.url, providerName: chosen.name, cookie: { name, value: browser, maxAgeSeconds } };
}

const NOT_A_CHOICE = {
  ok: false,
  code: "provider_not_configured",
  detail: "the session is not for this provider",
} as const;

/** Some providers cut a long state off. What is left of it then still has 96 bits. */
async function newState({ engine, random }: ConnectDeps, appId: string, providerId: string): Promise<string> {
  const connectable = await engine.connectable(appId);
  const found = connectable.find(({ provider }) => provider.id === providerId);
  return newToken(random).slice(0, found?.provider.authorize?.maxStateLength);
}

export function attemptContext({ appId }: Pick<Session, "appId">, attemptId: string): SealContext {
  return { appId, record: `connect_attempt:${attemptId}`, field: "secrets" };
}
