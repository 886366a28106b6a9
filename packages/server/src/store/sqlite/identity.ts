import type { IdentityStore } from "../identity-records.ts";
import type { Database } from "./database.ts";
import { idpStore } from "./identity-providers.ts";
import { groupStore } from "./user-groups.ts";
import { userStore } from "./users.ts";
import { vaultSessionStore } from "./vault-sessions.ts";

/** Who may be behind a call. */
export function identityStore(db: Database): IdentityStore {
  return { ...idpStore(db), ...userStore(db), ...groupStore(db), ...vaultSessionStore(db) };
}
