import type { Store } from "../store.ts";
import { agentStore } from "./agents.ts";
import { apiKeyStore } from "./api-keys.ts";
import { appStore } from "./apps.ts";
import { connectStore } from "./connect.ts";
import { dataKeyStore } from "./data-keys.ts";
import { openPool, type PoolOptions } from "./database.ts";
import { delegationStore } from "./delegations.ts";
import { directoryStore } from "./directory.ts";
import { grantStore } from "./grants.ts";
import { idpStore } from "./idps.ts";
import { logStore } from "./log.ts";
import { migrate } from "./migrate.ts";
import { oauthCredentialStore } from "./oauth-credentials.ts";
import { providerStore } from "./providers.ts";
import { sealedRecordStore } from "./sealed-records.ts";
import { secretStore } from "./secrets.ts";
import { settingStore } from "./settings.ts";
import { vaultSessionStore } from "./vault-sessions.ts";

/**
 * The store for many replicas. It trusts the database to keep what it acknowledged and to hold its constraints, and
 * nothing about who else is using it: whatever is read to be changed is changed by one statement or under a lock. Brings
 * the schema up to date first. Throws StorageUnavailable when the database cannot be reached.
 */
export async function openPostgresStore(options: PoolOptions): Promise<Store> {
  const db = openPool(options);
  try {
    await migrate(db);
  } catch (error) {
    await db.close();
    throw error;
  }
  return {
    ...appStore(db),
    ...apiKeyStore(db),
    ...secretStore(db),
    ...grantStore(db),
    ...oauthCredentialStore(db),
    ...providerStore(db),
    ...connectStore(db),
    ...idpStore(db),
    ...directoryStore(db),
    ...vaultSessionStore(db),
    ...agentStore(db),
    ...delegationStore(db),
    ...dataKeyStore(db),
    ...sealedRecordStore(db),
    ...settingStore(db),
    ...logStore(db),
    isShared: true,
    close: () => db.close(),
  };
}
