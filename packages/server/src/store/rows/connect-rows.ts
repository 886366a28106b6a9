import type { ConnectedGrant } from "@alter-vault/protocol";
import type { ConnectAttemptRecord, ConnectSessionError, ConnectSessionRecord } from "../connect-records.ts";

/** Links by which users connect, and ways to a provider and back, as both drivers store them. */
export interface SessionRow {
  id: string;
  app_id: string;
  token_hash: string;
  options: string;
  status: ConnectSessionRecord["status"];
  grants: string;
  error: string | null;
  created_at: number;
  expires_at: number;
}

export const sessionFromRow = (row: SessionRow): ConnectSessionRecord => ({
  id: row.id,
  appId: row.app_id,
  tokenHash: row.token_hash,
  options: row.options,
  status: row.status,
  grants: JSON.parse(row.grants) as ConnectedGrant[],
  error: row.error === null ? null : (JSON.parse(row.error) as ConnectSessionError),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

export interface AttemptRow {
  id: string;
  app_id: string;
  session_id: string;
  provider: string;
  state_hash: string;
  browser_hash: string;
  sealed_secrets: Uint8Array;
  asked_scopes: string;
  variables: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

export const attemptFromRow = (row: AttemptRow): ConnectAttemptRecord => ({
  id: row.id,
  appId: row.app_id,
  sessionId: row.session_id,
  provider: row.provider,
  stateHash: row.state_hash,
  browserHash: row.browser_hash,
  sealedSecrets: row.sealed_secrets,
  askedScopes: JSON.parse(row.asked_scopes) as string[],
  variables: JSON.parse(row.variables) as Record<string, string>,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
});

/** In order of the columns. */
export function sessionValues(session: ConnectSessionRecord): (string | number | null)[] {
  return [
    session.id,
    session.appId,
    session.tokenHash,
    session.options,
    session.status,
    JSON.stringify(session.grants),
    session.error === null ? null : JSON.stringify(session.error),
    session.createdAt,
    session.expiresAt,
  ];
}

/** In order of the columns. */
export function attemptValues(attempt: ConnectAttemptRecord): (string | number | null | Uint8Array)[] {
  return [
    attempt.id,
    attempt.appId,
    attempt.sessionId,
    attempt.provider,
    attempt.stateHash,
    attempt.browserHash,
    attempt.sealedSecrets,
    JSON.stringify(attempt.askedScopes),
    JSON.stringify(attempt.variables),
    attempt.createdAt,
    attempt.expiresAt,
    attempt.usedAt,
  ];
}
