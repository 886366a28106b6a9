import type { Grant } from "@alter-vault/protocol";
import { grantPolicyInfo, type GrantPolicy } from "./grant-policy.ts";

/** One grant, as lists show it. It holds nothing of the credential. Times are ISO 8601. */
export interface GrantInfo {
  readonly grantId: string;
  /** The older name of `grantId`. */
  readonly connectionId: string;
  readonly appId: string;
  readonly grantKind: Grant["grant_kind"];
  /** Null for a connected account. */
  readonly managedSecretId: string | null;
  readonly providerId: string;
  readonly principalType: Grant["principal_type"];
  /** Of the user, group or agent; null for `system`. */
  readonly principalId: string | null;
  readonly label: string | null;
  readonly status: Grant["status"];
  /** Whether the operator lets it be used in retrieve mode. */
  readonly allowRetrieve: boolean;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** How the provider names the connected account; null for a managed secret, like everything below but the next. */
  readonly accountIdentifier: string | null;
  /** What to show a person: the name of the account, or else the label. */
  readonly accountDisplayName: string | null;
  /** What the provider granted. */
  readonly scopes: readonly string[];
  /** The grant lacks scopes that were asked for, or that the app asks for by now: `missingScopes`. */
  readonly scopeMismatch: boolean;
  readonly missingScopes: readonly string[];
  /** `failing`: refreshing does not work now and is tried again. `reauth_required`: the user must connect again. */
  readonly credentialStatus: Grant["credential_status"];
  /** Why it is not `ok`. */
  readonly credentialProblem: string | null;
  /** When the access token ends. The vault refreshes it before that. */
  readonly tokenExpiresAt: string | null;
  readonly lastRefreshedAt: string | null;
  readonly grantPolicy: GrantPolicy | null;
}

export function grantInfo(grant: Grant): GrantInfo {
  return {
    grantId: grant.grant_id,
    connectionId: grant.grant_id,
    appId: grant.app_id,
    grantKind: grant.grant_kind,
    managedSecretId: grant.secret_id,
    providerId: grant.provider_id,
    principalType: grant.principal_type,
    principalId: grant.principal_id,
    label: grant.label,
    status: grant.status,
    allowRetrieve: grant.allow_retrieve,
    createdAt: grant.created_at,
    expiresAt: grant.expires_at,
    revokedAt: grant.revoked_at,
    accountIdentifier: grant.account_identifier,
    accountDisplayName: grant.account_display_name ?? grant.label,
    scopes: grant.scopes,
    scopeMismatch: grant.scope_mismatch,
    missingScopes: grant.missing_scopes,
    credentialStatus: grant.credential_status,
    credentialProblem: grant.credential_problem,
    tokenExpiresAt: grant.token_expires_at,
    lastRefreshedAt: grant.last_refreshed_at,
    grantPolicy: grantPolicyInfo(grant.grant_policy),
  };
}
