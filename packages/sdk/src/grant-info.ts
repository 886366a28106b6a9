import type { Grant } from "@alter-vault/protocol";

/** One grant, as lists show it. It holds nothing of the credential. */
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
  readonly label: string | null;
  /** What to show a person: the label. */
  readonly accountDisplayName: string | null;
  readonly status: Grant["status"];
  /** Whether the operator lets it be used in retrieve mode. */
  readonly allowRetrieve: boolean;
  /** ISO 8601, like the other two. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
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
    label: grant.label,
    accountDisplayName: grant.label,
    status: grant.status,
    allowRetrieve: grant.allow_retrieve,
    createdAt: grant.created_at,
    expiresAt: grant.expires_at,
    revokedAt: grant.revoked_at,
  };
}
