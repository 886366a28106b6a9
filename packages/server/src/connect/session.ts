import type { ConnectedGrant, ConnectSessionState } from "@alter-vault/protocol";
import ipaddr from "ipaddr.js";
import { toTimestamp } from "../clock.ts";
import type { GrantWishes } from "../credential/oauth/engine.ts";
import type { ConnectSessionError, ConnectSessionRecord } from "../store/connect-records.ts";

/** What the app asked for, checked and with its defaults. Kept as JSON in the session's record. */
export interface SessionOptions {
  /** A device code is entered elsewhere: its session has no page. */
  readonly kind: "browser" | "device";
  readonly providers: readonly string[];
  readonly returnUrl: string | null;
  readonly allowedOrigin: string | null;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly agent: string | null;
  readonly loginHint: string | null;
  readonly ipAddress: string | null;
  readonly wishes: GrantWishes;
}

export interface Session {
  readonly id: string;
  readonly appId: string;
  readonly status: ConnectSessionState["status"];
  readonly options: SessionOptions;
  readonly grants: readonly ConnectedGrant[];
  readonly error: ConnectSessionError | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The browser, as far as it can be seen. */
export interface Visitor {
  readonly address: string | null;
  readonly cookies: ReadonlyMap<string, string>;
}

export function readSession(record: ConnectSessionRecord, now: number): Session {
  const { id, appId, grants, error, createdAt, expiresAt } = record;
  const status = record.status === "pending" && now >= expiresAt ? "expired" : record.status;
  const options = JSON.parse(record.options) as SessionOptions;
  return { id, appId, status, options, grants, error, createdAt, expiresAt };
}

export function sessionState({ id, status, grants, error, expiresAt }: Session): ConnectSessionState {
  return {
    session_id: id,
    status,
    grants: [...grants],
    error: error && { code: error.code, detail: error.detail, provider_id: error.providerId },
    expires_at: toTimestamp(expiresAt),
  };
}

/** A session may be locked to the address its user has. */
export function isAtItsAddress({ options }: Session, { address }: Visitor): boolean {
  if (options.ipAddress === null) return true;
  return address !== null && canonical(address) === canonical(options.ipAddress);
}

/** `::ffff:192.0.2.1` and `192.0.2.1` are one address. */
function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toNormalizedString() : address;
}
