import type { InjectionRule } from "@alter-vault/protocol";
import type { SecretRecord } from "../store.ts";

/** A managed secret as both drivers store it. */
export interface SecretRow {
  id: string;
  app_id: string;
  name: string;
  provider: string;
  injection: string;
  allowed_hosts: string;
  sealed_value: Uint8Array;
  version: number;
  created_at: number;
  updated_at: number;
}

export const secretFromRow = (row: SecretRow): SecretRecord => ({
  id: row.id,
  appId: row.app_id,
  name: row.name,
  provider: row.provider,
  injection: JSON.parse(row.injection) as InjectionRule,
  allowedHosts: JSON.parse(row.allowed_hosts) as string[],
  sealedValue: row.sealed_value,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** In order of the columns. */
export function secretValues(secret: SecretRecord): (string | number | Uint8Array)[] {
  return [
    secret.id,
    secret.appId,
    secret.name,
    secret.provider,
    JSON.stringify(secret.injection),
    JSON.stringify(secret.allowedHosts),
    secret.sealedValue,
    secret.version,
    secret.createdAt,
    secret.updatedAt,
  ];
}
