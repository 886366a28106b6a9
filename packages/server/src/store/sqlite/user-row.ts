import type { UserRecord } from "../identity-records.ts";
import type { StoredUser } from "../seen-user.ts";

export const USER_COLUMNS = `id, app_id, idp_id, subject, email, name, status, created_at, last_seen_at,
  active_in_directory, user_name, said_at`;

export interface UserRow {
  id: string;
  app_id: string;
  idp_id: string;
  subject: string;
  email: string | null;
  name: string | null;
  status: UserRecord["status"];
  created_at: number;
  last_seen_at: number | null;
  active_in_directory: number;
  user_name: string | null;
  said_at: number;
}

export const storedFromRow = (row: UserRow): StoredUser => ({
  id: row.id,
  appId: row.app_id,
  idpId: row.idp_id,
  subject: row.subject,
  email: row.email,
  name: row.name,
  status: row.status,
  activeInDirectory: row.active_in_directory === 1,
  userName: row.user_name,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  saidAt: row.said_at,
});
