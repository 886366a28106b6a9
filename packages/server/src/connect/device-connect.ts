import { ERROR_CODES, type DeviceConnect, type DeviceConnectCreate, type ErrorCode } from "@alter-vault/protocol";
import type { z } from "zod";
import type { Failure, Plan } from "../call.ts";
import type { ConnectSessionChange, ConnectStore } from "../store/connect-records.ts";
import { attemptContext, type SealedAttempt } from "./begin-attempt.ts";
import { checkScopes, checkVariables, chooseProviders, wishesOf } from "./check-asked.ts";
import type { ConnectDeps } from "./connect.ts";
import { addGrant } from "./finish-attempt.ts";
import { insertSession } from "./plan-session.ts";
import type { Asker } from "../identity/asker.ts";
import { ownerGone } from "./owner-gone.ts";
import { beyondSession, sessionOwner } from "./session-owner.ts";
import type { Session, SessionOptions } from "./session.ts";
import { hashToken, newToken } from "./token.ts";

/**
 * Connecting with a code that the user enters on another device (RFC 8628). No browser comes to the vault: the app polls,
 * and the poll asks the provider, never more often than the provider allows. What is decided was written down when the
 * app asked for the code; asking whether the user is done is not written each time.
 */
export interface DeviceConnects {
  plan(asker: Asker, asked: z.output<typeof DeviceConnectCreate>): Promise<Plan>;
  /** Asks the provider, when it is time to. */
  advance(session: Session): Promise<void>;
}

/** RFC 8628, 3.5. */
const SLOW_DOWN_MS = 5_000;
const DEFAULT_INTERVAL_MS = 5_000;

export function createDeviceConnects(deps: ConnectDeps): DeviceConnects {
  // Lost at a restart, and then asked once too early: the provider says so, and nothing else happens.
  const turns = new Map<string, { nextAt: number; intervalMs: number; until: number }>();

  function forgetTurns(now: number): void {
    for (const [id, { until }] of turns) if (until <= now) turns.delete(id);
  }

  /** Whether it is this caller's turn to ask; whoever comes meanwhile is told what is known. */
  function takeTurn(session: Session, now: number): boolean {
    const turn = turns.get(session.id);
    if (turn && now < turn.nextAt) return false;
    const intervalMs = turn?.intervalMs ?? DEFAULT_INTERVAL_MS;
    turns.set(session.id, { nextAt: now + intervalMs, intervalMs, until: session.expiresAt });
    return true;
  }

  return {
    async plan(asker, asked) {
      const known = await sessionOwner(deps.store, asker, undefined);
      if (!known.ok) return known;
      const { appId, principal, agent } = known.owner;
      const tooWide = beyondSession(known.owner, [asked.provider], undefined);
      if (tooWide) return tooWide;
      const chosen = await chooseProviders(deps, appId, [asked.provider]);
      if (!chosen.ok) return chosen;
      const [found] = chosen.providers;
      if (!found) throw new Error("a provider was chosen, and there is none");
      const providerId = found.provider.id;
      const problem = checkScopes(found, asked.scopes ?? []) ?? checkVariables(found, asked.variables, "variables");
      if (problem) return problem;
      const wished = wishesOf(deps, chosen.providers, asked.grant_policy, asked);
      if (!wished.ok) return wished;
      const options: SessionOptions = {
        kind: "device",
        providers: [providerId],
        returnUrl: null,
        allowedOrigin: null,
        scopes: asked.scopes ? { [providerId]: asked.scopes } : {},
        variables: { [providerId]: asked.variables },
        agent: agent ? (agent.displayName ?? agent.name) : null,
        loginHint: null,
        ipAddress: null,
        wishes: { ...wished.wishes, principal, delegateTo: agent?.id },
      };
      return { ok: true, facts: { provider: providerId }, run: () => start(appId, providerId, options) };
    },

    async advance(session) {
      const now = deps.clock.now();
      const { appId, id, options } = session;
      const attempt = await deps.store.findConnectAttempt(appId, id);
      if (!attempt || !takeTurn(session, now)) return;
      const gone = await ownerGone(deps.store, session);
      if (gone) return failDevice(deps.store, session, gone);
      const opened = deps.keyring.open(attemptContext(session, attempt.id), attempt.sealedSecrets);
      if (!opened.ok) return failDevice(deps.store, session, UNREADABLE);
      const { secrets } = JSON.parse(opened.plain.toString()) as SealedAttempt;
      const { askedScopes, variables, provider: providerId } = attempt;
      const polled = await deps.engine.pollDevice({
        ...options.wishes,
        appId,
        providerId,
        askedScopes,
        variables,
        secrets,
      });
      if (!polled.ok) return failDevice(deps.store, session, polled);
      if (polled.pending !== true) {
        await addGrant(deps, session, polled.grant);
        return;
      }
      const turn = turns.get(id);
      if (polled.slowDown && turn) {
        turn.intervalMs += SLOW_DOWN_MS;
        turn.nextAt += SLOW_DOWN_MS;
      }
    },
  };

  async function start(
    appId: string,
    providerId: string,
    options: SessionOptions,
  ): Promise<{ readonly ok: true; readonly body: DeviceConnect } | Failure> {
    const variables = options.variables[providerId] ?? {};
    const started = await deps.engine.startDevice({ appId, providerId, scopes: options.scopes[providerId], variables });
    if (!started.ok) return started;
    const lifetime = started.expiresInSeconds;
    const made = await insertSession(deps, appId, options, lifetime);
    const attemptId = deps.newId();
    const sealed: SealedAttempt = { secrets: started.secrets, token: made.session_token };
    const now = deps.clock.now();
    const until = now + lifetime * 1000;
    await deps.store.insertConnectAttempt({
      id: attemptId,
      appId,
      sessionId: made.session_id,
      provider: providerId,
      // Nobody comes back with a state: this one is thrown away.
      stateHash: hashToken(newToken(deps.random)),
      browserHash: "",
      sealedSecrets: await deps.keyring.seal(attemptContext({ appId }, attemptId), Buffer.from(JSON.stringify(sealed))),
      askedScopes: started.askedScopes,
      variables: started.variables,
      createdAt: now,
      expiresAt: until,
      usedAt: null,
    });
    const intervalMs = started.intervalSeconds * 1000;
    forgetTurns(now);
    turns.set(made.session_id, { nextAt: now + intervalMs, intervalMs, until });
    const body: DeviceConnect = {
      ...made,
      user_code: started.userCode,
      verification_uri: started.verificationUri,
      verification_uri_complete: started.verificationUriComplete,
      interval: started.intervalSeconds,
      expires_in: lifetime,
    };
    return { ok: true, body };
  }
}

const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the device code does not open" };

/** What may work later leaves the session open; a code that ran out does not come back. */
async function failDevice(store: ConnectStore, session: Session, { code, detail }: Failure): Promise<void> {
  const error = { code, detail, providerId: session.options.providers[0] ?? null };
  await store.changeConnectSession(session.appId, session.id, { error, ...endBy(code) });
}

function endBy(code: ErrorCode): ConnectSessionChange {
  if (code === "connect_denied") return { status: "denied" };
  const mayWorkLater = ERROR_CODES[code].retryable && code !== "connect_timeout";
  return mayWorkLater ? {} : { status: "failed" };
}
