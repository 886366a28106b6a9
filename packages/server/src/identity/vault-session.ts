import type { ErrorCode, Scope, VaultSession, VaultSessionCreate } from "@alter-vault/protocol";
import type { z } from "zod";
import type { Failure } from "../call.ts";
import { toTimestamp } from "../clock.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type { AgentStore } from "../store/agent-records.ts";
import type { IdentityStore, UserWithGroups, VaultSessionRecord } from "../store/identity-records.ts";
import type { Asker } from "./asker.ts";
import { tokenHash } from "./token-hash.ts";
import { userStands } from "./user-stands.ts";

/**
 * Vault sessions: short-lived stand-ins for a user's token, so that whoever acts for a user need not keep the token. A
 * session can do at most what it was made from can do, for at most as long; one that is made from a session ends with it.
 */
const PREFIX = "alter_sess_";
const DEFAULT_SECONDS = 900;
const DEEPEST = 8;

export function isVaultSession(token: string): boolean {
  return token.startsWith(PREFIX);
}

export type FoundSession =
  | { readonly ok: true; readonly session: VaultSessionRecord; readonly found: UserWithGroups }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly userId?: string };

/** The session behind a token, if it and all it was made from still stand. */
export async function findSession(
  store: IdentityStore,
  appId: string,
  token: string,
  now: number,
): Promise<FoundSession> {
  const session = await store.findVaultSession(tokenHash(token));
  if (!session || session.appId !== appId || !(await sessionStands(store, session, now))) return INVALID;
  const standing = await userStands(store, appId, session.userId);
  return standing.ok ? { ok: true, session, found: standing.found } : { ...standing, userId: session.userId };
}

/** Neither over nor revoked, and neither is anything it was made from. */
export async function sessionStands(
  store: Pick<IdentityStore, "findVaultSessionById">,
  session: VaultSessionRecord,
  now: number,
): Promise<boolean> {
  let current: VaultSessionRecord | null = session;
  for (let depth = 0; ; depth++) {
    // A parent that is not there any more vouches for nothing.
    if (!current || current.revokedAt !== null || current.expiresAt <= now || depth >= DEEPEST) return false;
    if (current.parentId === null) return true;
    current = await store.findVaultSessionById(session.appId, current.parentId);
  }
}

/** Whether a session is another one, or was made from it. */
export async function isWithin(
  store: Pick<IdentityStore, "findVaultSessionById">,
  session: VaultSessionRecord,
  ancestorId: string,
): Promise<boolean> {
  let current: VaultSessionRecord | null = session;
  for (let depth = 0; current && depth < DEEPEST; depth++) {
    if (current.id === ancestorId) return true;
    current = current.parentId === null ? null : await store.findVaultSessionById(session.appId, current.parentId);
  }
  return false;
}

const INVALID = { ok: false, code: "session_invalid", detail: "the session is over or was never there" } as const;

interface CreateDeps {
  readonly store: IdentityStore & Pick<AgentStore, "findAgent">;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly now: () => number;
}

/** Codes: `user_token_missing`, `user_token_expired`, `session_too_wide`, `agent_not_found`. */
export async function createSession(
  { store, random, newId, now }: CreateDeps,
  asker: Asker,
  wish: z.output<typeof VaultSessionCreate>,
): Promise<{ readonly ok: true; readonly session: VaultSession } | Failure> {
  const { user, session: parent } = asker;
  if (!user)
    return { ok: false, code: "user_token_missing", detail: "a session stands in for a user: send their token" };
  const wide =
    tooWide(asker, wish) ?? ((await depthOf(store, parent)) >= DEEPEST ? "it is too many sessions deep" : null);
  if (wide !== null) return { ok: false, code: "session_too_wide", detail: wide };
  const agentId = wish.agent_id ?? parent?.agentId ?? asker.agent?.id ?? null;
  const agent = agentId === null ? null : await store.findAgent(asker.appId, agentId);
  if (agentId !== null && (!agent || agent.status === "revoked")) {
    return { ok: false, code: "agent_not_found", detail: "no agent of this id" };
  }
  const at = now();
  if (user.expiresAt <= at) return { ok: false, code: "user_token_expired", detail: "the token has expired" };
  const asked = at + (wish.expires_in_seconds ?? DEFAULT_SECONDS) * 1000;
  const token = `${PREFIX}${random(32).toString("base64url")}`;
  const record: VaultSessionRecord = {
    id: newId(),
    appId: asker.appId,
    tokenHash: tokenHash(token),
    userId: user.id,
    agentId,
    scopes: wish.scopes ?? asker.scopes,
    providers: wish.providers ?? parent?.providers ?? null,
    grants: wish.grants ?? parent?.grants ?? null,
    parentId: parent?.id ?? null,
    createdAt: at,
    expiresAt: Math.min(asked, user.expiresAt),
    revokedAt: null,
  };
  await store.insertVaultSession(record);
  return { ok: true, session: show(record, token, at) };
}

async function depthOf(
  store: Pick<IdentityStore, "findVaultSessionById">,
  session: VaultSessionRecord | null,
): Promise<number> {
  let depth = 0;
  for (let current = session; current && depth < DEEPEST; depth++) {
    current = current.parentId === null ? null : await store.findVaultSessionById(current.appId, current.parentId);
  }
  return depth;
}

/** What a child asks for beyond its parent; null: nothing. */
function tooWide({ scopes, session: parent, agent }: Asker, wish: z.output<typeof VaultSessionCreate>): string | null {
  const scope = wish.scopes?.find((one: Scope) => !scopes.includes(one));
  if (scope !== undefined) return `the scope ${scope} is not there to be given`;
  const provider = parent?.providers && wish.providers?.find((one) => !parent.providers?.includes(one));
  if (provider) return `the provider ${provider} is not within the session`;
  const grant = parent?.grants && wish.grants?.find((one) => !parent.grants?.includes(one));
  if (grant) return `the grant ${grant} is not within the session`;
  const bound = parent?.agentId ?? agent?.id ?? null;
  if (bound !== null && wish.agent_id !== undefined && wish.agent_id !== bound) return "it is bound to another agent";
  return null;
}

function show(record: VaultSessionRecord, token: string, now: number): VaultSession {
  return {
    session_id: record.id,
    session_token: token,
    user_id: record.userId,
    agent_id: record.agentId,
    scopes: [...record.scopes],
    providers: record.providers && [...record.providers],
    grants: record.grants && [...record.grants],
    expires_in: Math.max(0, Math.round((record.expiresAt - now) / 1000)),
    expires_at: toTimestamp(record.expiresAt),
  };
}
