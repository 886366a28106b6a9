import type { ConnectedGrant } from "@alter-vault/protocol";
import { grantPolicyInfo, type GrantPolicy } from "./grant-policy.ts";

/** An account that a user has connected. */
export interface ConnectResult {
  readonly grantId: string;
  /** The older name of `grantId`. */
  readonly connectionId: string;
  readonly providerId: string;
  /** What to call the provider in front of a person. */
  readonly providerName: string;
  readonly accountIdentifier: string;
  readonly accountDisplayName: string | null;
  /** What the provider granted. */
  readonly scopes: readonly string[];
  /** What was asked for and not granted. */
  readonly missingScopes: readonly string[];
  /** `reauth`: the account was connected before, and the grant keeps its id. */
  readonly operation: ConnectedGrant["operation"];
  readonly grantPolicy: GrantPolicy | null;
  /** The older name of `grantPolicy`. */
  readonly connectionPolicy: GrantPolicy | null;
  /** ISO 8601; null when the grant does not expire. */
  readonly expiresAt: string | null;
}

export function connectResult(grant: ConnectedGrant): ConnectResult {
  const grantPolicy = grantPolicyInfo(grant.grant_policy);
  return {
    grantId: grant.grant_id,
    connectionId: grant.grant_id,
    providerId: grant.provider,
    providerName: grant.provider_name,
    accountIdentifier: grant.account_identifier,
    accountDisplayName: grant.account_display_name,
    scopes: grant.scopes,
    missingScopes: grant.missing_scopes,
    operation: grant.operation,
    grantPolicy,
    connectionPolicy: grantPolicy,
    expiresAt: grant.expires_at,
  };
}
