import { HEADER, type Scope } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { AgentRecord, AgentStore } from "../store/agent-records.ts";
import type { GroupRecord, IdentityStore, UserWithGroups, VaultSessionRecord } from "../store/identity-records.ts";
import type { LogStore, Nonce } from "../store/log-records.ts";
import type { ApiKeyRecord } from "../store/store.ts";
import { checkKeyUse, type KeyRates } from "./key-use.ts";
import type { UserTokens } from "./user-token.ts";
import { findSession, isVaultSession } from "./vault-session.ts";

/**
 * Who asks, whole: the key that signed, the agent it belongs to, and the end user it speaks for. Everything in it was
 * verified; what a caller merely says about itself is in the envelope, and decides nothing.
 */
export interface Asker {
  readonly appId: string;
  readonly keyId: string;
  /** Of the key, narrowed by the session. */
  readonly scopes: readonly Scope[];
  readonly agent: AgentRecord | null;
  readonly user: AskingUser | null;
  readonly session: VaultSessionRecord | null;
}

export interface AskingUser {
  readonly id: string;
  readonly idpId: string;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly groups: readonly GroupRecord[];
  /** When what proved the user ends. */
  readonly expiresAt: number;
}

/** A failure names the user it is about, when they are known: who was shut out is looked for in the log. */
export type KnownAsker =
  | { readonly ok: true; readonly asker: Asker }
  | (Failure & { readonly rule: string; readonly userId?: string });

interface AskerDeps {
  readonly store: IdentityStore & AgentStore & Pick<LogStore, "nonceUsed">;
  readonly userTokens: UserTokens;
  readonly keyRates: KeyRates;
}

export interface AskerInput {
  readonly key: ApiKeyRecord;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of the caller, as far as it is known. */
  readonly address: string | null;
  readonly now: number;
  readonly nonce: Nonce;
  /** A paused agent may still ask who it is. Default: false. */
  readonly allowPaused?: boolean;
}

/** For a key of the app, with no user and no constraints: what most calls are. */
export function plainAsker(key: ApiKeyRecord): Asker {
  return { appId: key.appId, keyId: key.id, scopes: key.scopes, agent: null, user: null, session: null };
}

/** Whether there is nothing to look up beyond the key. */
export function isPlain(key: ApiKeyRecord, headers: AskerInput["headers"]): boolean {
  return (
    key.agentId === null &&
    key.cidrs === null &&
    key.requestsPerMinute === null &&
    headers[HEADER.userToken] === undefined
  );
}

/**
 * Codes: `key_address_not_allowed`, `rate_limited`, `agent_inactive`, `agent_revoked`, `user_token_invalid`,
 * `user_token_expired`, `user_inactive`, `session_invalid`, and `request_replayed` where uses of the key are counted.
 */
export async function findAsker(deps: AskerDeps, input: AskerInput): Promise<KnownAsker> {
  const { key, headers, now } = input;
  if (key.requestsPerMinute !== null && (await deps.store.nonceUsed(input.nonce))) return REPLAYED;
  const use = checkKeyUse(deps.keyRates, key, input.address, now);
  if (!use.ok) return { ...use, rule: "identity.key" };
  const agent = key.agentId === null ? null : await deps.store.findAgent(key.appId, key.agentId);
  if (key.agentId !== null) {
    const failure = agentFailure(agent, input.allowPaused ?? false);
    if (failure) return { ...failure, rule: "identity.agent" };
  }
  const asker = { ...plainAsker(key), agent };
  const token = headers[HEADER.userToken];
  if (token === undefined) return { ok: true, asker };
  return isVaultSession(token) ? withSession(deps, asker, token, now) : withUser(deps, asker, token);
}

/** Others who repeat what a key has sent must not use up what it may send. */
const REPLAYED = {
  ok: false,
  code: "request_replayed",
  detail: "the nonce of this request was used before",
  rule: "identity.replay",
} as const;

async function withUser(deps: AskerDeps, asker: Asker, token: string): Promise<KnownAsker> {
  const verified = await deps.userTokens.verify(asker.appId, token);
  if (!verified.ok) return { ...verified, rule: "identity.user" };
  return withFound(asker, verified.found, verified.expiresAt, null);
}

async function withSession(deps: AskerDeps, asker: Asker, token: string, now: number): Promise<KnownAsker> {
  const known = await findSession(deps.store, asker.appId, token, now);
  if (!known.ok) return { ...known, rule: "identity.session" };
  const { session, found } = known;
  // Bound to an agent, it is worth nothing in other hands; that it exists is nobody else's business.
  if (session.agentId !== null && session.agentId !== asker.agent?.id) {
    return { ok: false, code: "session_invalid", detail: "the session is bound to an agent", rule: "identity.session" };
  }
  const scopes = asker.scopes.filter((scope) => session.scopes.includes(scope));
  return withFound({ ...asker, scopes }, found, session.expiresAt, session);
}

function withFound(
  asker: Asker,
  { user, groups }: UserWithGroups,
  expiresAt: number,
  session: VaultSessionRecord | null,
): KnownAsker {
  if (user.status !== "active") {
    const detail = `the user is ${user.status}`;
    return { ok: false, code: "user_inactive", detail, rule: "identity.user", userId: user.id };
  }
  return { ok: true, asker: { ...asker, session, user: askingUser({ user, groups }, expiresAt) } };
}

export function askingUser({ user, groups }: UserWithGroups, expiresAt: number): AskingUser {
  const { id, idpId, subject, email, name } = user;
  return { id, idpId, subject, email, name, groups, expiresAt };
}

function agentFailure(agent: AgentRecord | null, allowPaused: boolean): Failure | null {
  if (!agent || agent.status === "revoked") {
    return { ok: false, code: "agent_revoked", detail: "the agent of this key was revoked" };
  }
  if (agent.status === "paused" && !allowPaused) {
    return { ok: false, code: "agent_inactive", detail: `the agent ${agent.name} is paused` };
  }
  return null;
}
