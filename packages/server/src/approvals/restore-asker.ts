import type { Failure } from "../call.ts";
import { askingUser, plainAsker, type Asker } from "../identity/asker.ts";
import { userStands } from "../identity/user-stands.ts";
import { sessionStands } from "../identity/vault-session.ts";
import type { ApprovalRecord } from "../store/approval-records.ts";
import type { ApiKeyRecord, Store } from "../store/store.ts";
import { sessionOf } from "./stored-call.ts";

type Restored = { readonly ok: true; readonly key: ApiKeyRecord; readonly asker: Asker } | Failure;

/** Whoever asked, as they are now: what was taken from them meanwhile is gone. */
export async function restoreAsker(
  store: Store,
  { appId, keyId, agentId, userId }: ApprovalRecord,
  stored: Buffer,
  now: number,
): Promise<Restored> {
  const key = await store.findApiKey(keyId);
  if (!key || key.appId !== appId || key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now)) {
    return gone("invalid_key", "the key of whoever asked was revoked, or has expired");
  }
  const agent = agentId === null ? null : await store.findAgent(appId, agentId);
  if (agentId !== null && agent?.status !== "active") {
    return gone("agent_inactive", "the agent that asked is not active any more");
  }
  const standing = userId === null ? null : await userStands(store, appId, userId);
  if (standing && !standing.ok) return standing;
  const sessionId = sessionOf(stored);
  const session = sessionId === null ? null : await store.findVaultSessionById(appId, sessionId);
  if (sessionId !== null && !(session && (await sessionStands(store, session, now)))) {
    return gone("session_invalid", "the session of whoever asked is over");
  }
  const scopes = session ? key.scopes.filter((scope) => session.scopes.includes(scope)) : key.scopes;
  const asker = { ...plainAsker(key), scopes, agent, session };
  return { ok: true, key, asker: standing ? { ...asker, user: askingUser(standing.found, now) } : asker };
}

function gone(code: Failure["code"], detail: string): Failure {
  return { ok: false, code, detail };
}
