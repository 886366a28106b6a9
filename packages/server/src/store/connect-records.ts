import type { ConnectSettings, ConnectedGrant } from "@alter-vault/protocol";

/** A user's chance to connect. Found by the hash of its token; `options` is the checked request that made it. */
export interface ConnectSessionRecord {
  readonly id: string;
  readonly appId: string;
  readonly tokenHash: string;
  readonly options: string;
  /** `expired` is not stored: it is a pending session whose time is over. */
  readonly status: "pending" | "completed" | "denied" | "failed";
  readonly grants: readonly ConnectedGrant[];
  readonly error: ConnectSessionError | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface ConnectSessionError {
  readonly code: string;
  readonly detail: string;
  readonly providerId: string | null;
}

export interface ConnectSessionChange {
  readonly status?: ConnectSessionRecord["status"];
  /** Put beside the others; takes the place of one with the same grant id. */
  readonly grant?: ConnectedGrant;
  readonly error?: ConnectSessionError | null;
}

/** One way to a provider and back. Found by the hash of its state, used once. */
export interface ConnectAttemptRecord {
  readonly id: string;
  readonly appId: string;
  readonly sessionId: string;
  readonly provider: string;
  readonly stateHash: string;
  /** Hash of the cookie of the browser that started it; "" for a device code. */
  readonly browserHash: string;
  /** PKCE verifier, nonce, device code: sealed. */
  readonly sealedSecrets: Uint8Array;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export interface ConnectStore {
  insertConnectSession(session: ConnectSessionRecord): Promise<void>;
  findConnectSession(tokenHash: string): Promise<ConnectSessionRecord | null>;
  findConnectSessionById(appId: string, id: string): Promise<ConnectSessionRecord | null>;
  /** Only while it is pending. Null: it is not, and nothing was written. */
  changeConnectSession(appId: string, id: string, change: ConnectSessionChange): Promise<ConnectSessionRecord | null>;
  insertConnectAttempt(attempt: ConnectAttemptRecord): Promise<void>;
  /** Whoever asks first gets it, `usedAt` null; everybody after sees when it was used. Null: there is none. */
  takeConnectAttempt(stateHash: string, at: number): Promise<ConnectAttemptRecord | null>;
  /** The newest attempt of a session, without using it up: for device codes, which are asked for again and again. */
  findConnectAttempt(appId: string, sessionId: string): Promise<ConnectAttemptRecord | null>;
  /** Sessions and attempts that ended before this moment. Returns how many were deleted. */
  forgetConnectSessions(expiredBefore: number, limit: number): Promise<number>;
  findConnectSettings(appId: string): Promise<ConnectSettings | null>;
  putConnectSettings(appId: string, settings: ConnectSettings): Promise<void>;
}
