import type { UserKeyRecord } from "../user-key-records.ts";

/** A key of a user as both drivers store it. */
export interface UserKeyRow {
  id: string;
  app_id: string;
  user_id: string;
  sealed_key: Uint8Array;
  created_at: number;
}

export const userKeyFromRow = (row: UserKeyRow): UserKeyRecord => ({
  id: row.id,
  appId: row.app_id,
  userId: row.user_id,
  sealedKey: row.sealed_key,
  createdAt: row.created_at,
});
