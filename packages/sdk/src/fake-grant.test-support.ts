import type { Grant } from "@alter-vault/protocol";
import { GRANT_ID } from "./fake-vault.test-support.ts";

export const AT: string = "2026-01-02T03:04:05.000Z";

/** A grant for a managed secret, as the wire has it. */
export const FAKE_GRANT: Grant & { readonly secret_id: string } = {
  grant_id: GRANT_ID,
  app_id: "0190a3f0-3333-7000-8000-000000000003",
  grant_kind: "managed_secret",
  secret_id: "0190a3f0-2222-7000-8000-000000000002",
  provider_id: "github",
  principal_type: "system",
  principal_id: null,
  label: "nightly",
  status: "active",
  allow_retrieve: false,
  created_at: AT,
  expires_at: null,
  revoked_at: null,
  account_identifier: null,
  account_display_name: null,
  scopes: [],
  scope_mismatch: false,
  missing_scopes: [],
  credential_status: null,
  credential_problem: null,
  token_expires_at: null,
  last_refreshed_at: null,
  grant_policy: null,
};

/** A connected account whose credential has seen better days. */
export const FAKE_OAUTH_GRANT: Grant = {
  ...FAKE_GRANT,
  grant_kind: "oauth",
  secret_id: null,
  label: null,
  account_identifier: "ada@example.com",
  account_display_name: "Ada",
  scopes: ["read"],
  scope_mismatch: true,
  missing_scopes: ["write"],
  credential_status: "failing",
  credential_problem: "token_refresh_failed",
  token_expires_at: AT,
  last_refreshed_at: AT,
  grant_policy: { max_ttl_seconds: 86_400, expires_at: AT },
};
