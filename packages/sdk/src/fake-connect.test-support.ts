import type { ServerResponse } from "node:http";
import type { ConnectedGrant, ConnectSession, ConnectSessionState } from "@alter-vault/protocol";
import type { ConnectResult } from "./connect-result.ts";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendVaultJson, type Handler } from "./fake-vault.test-support.ts";

export const FAKE_SESSION_TOKEN: string = "fake-session-token-0123456789";

export const FAKE_SESSION: ConnectSession = {
  session_id: "0190a3f0-4444-7000-8000-000000000004",
  session_token: FAKE_SESSION_TOKEN,
  connect_url: `https://vault.example/connect#session=${FAKE_SESSION_TOKEN}`,
  expires_in: 600,
  expires_at: AT,
};

export const FAKE_CONNECTED: ConnectedGrant = {
  grant_id: GRANT_ID,
  provider: "google",
  provider_name: "Google",
  account_identifier: "ada@example.com",
  account_display_name: "Ada",
  scopes: ["calendar.read"],
  missing_scopes: ["calendar.write"],
  status: "active",
  operation: "creation",
  timestamp: AT,
  expires_at: null,
  grant_policy: { max_ttl_seconds: 86_400 },
};

/** The same as the SDK hands it on. */
export const CONNECTED: ConnectResult = {
  grantId: GRANT_ID,
  connectionId: GRANT_ID,
  providerId: "google",
  providerName: "Google",
  accountIdentifier: "ada@example.com",
  accountDisplayName: "Ada",
  scopes: ["calendar.read"],
  missingScopes: ["calendar.write"],
  operation: "creation",
  grantPolicy: { maxTtlSeconds: 86_400 },
  connectionPolicy: { maxTtlSeconds: 86_400 },
  expiresAt: null,
};

export function fakeState(status: ConnectSessionState["status"], more: Partial<ConnectSessionState> = {}): Handler {
  const grants = status === "completed" ? [FAKE_CONNECTED] : [];
  const state = { session_id: FAKE_SESSION.session_id, status, grants, error: null, expires_at: AT, ...more };
  return (_, response) => sendVaultJson(response, 200, state);
}

export const sendSession: Handler = (_, response: ServerResponse) => sendVaultJson(response, 201, FAKE_SESSION);
