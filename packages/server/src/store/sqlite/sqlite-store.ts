import type { SettingStore, Store } from "../store.ts";
import { agentStore } from "./agents.ts";
import { approvalStore } from "./approvals.ts";
import { apiKeyStore } from "./api-keys.ts";
import { appStore } from "./apps.ts";
import { connectStore } from "./connect.ts";
import { dataKeyStore } from "./data-keys.ts";
import { openDatabase, type Database } from "./database.ts";
import { grantStore } from "./grants.ts";
import { identityStore } from "./identity.ts";
import { limitStore } from "./limits.ts";
import { logStore } from "./log.ts";
import { oauthCredentialStore } from "./oauth-credentials.ts";
import { policyStore } from "./policies.ts";
import { providerStore } from "./providers.ts";
import { sealedRecordStore } from "./sealed-records.ts";
import { secretStore } from "./secrets.ts";
import { openSeenNonces } from "./seen-nonces.ts";
import { toolCallStore } from "./tool-calls.ts";
import { erasureStore } from "./erasure.ts";
import { userKeyStore } from "./user-keys.ts";

/** The embedded store: one file (or ":memory:"), one process. It trusts that nobody else writes to the file. */
export function openSqliteStore(path: string): Store {
  return sqliteStoreOn(openDatabase(path));
}

export function sqliteStoreOn(db: Database): Store {
  const nonces = openSeenNonces(db);
  return {
    ...appStore(db),
    ...apiKeyStore(db),
    ...secretStore(db),
    ...grantStore(db),
    ...oauthCredentialStore(db),
    ...providerStore(db),
    ...connectStore(db),
    ...toolCallStore(db),
    ...identityStore(db),
    ...agentStore(db),
    ...policyStore(db),
    ...limitStore(db, nonces),
    ...approvalStore(db),
    ...dataKeyStore(db),
    ...userKeyStore(db),
    ...erasureStore(db),
    ...sealedRecordStore(db),
    ...settingStore(db),
    ...logStore(db, nonces),
    // Nobody else changes the file.
    checkVersion: () => Promise.resolve(),
    isShared: false,
    async close() {
      db.close();
    },
  };
}

function settingStore(db: Database): SettingStore {
  const get = (name: string): Uint8Array | null =>
    db.get<{ value: Uint8Array }>("SELECT value FROM settings WHERE name = ?", name)?.value ?? null;
  return {
    getSetting: async (name) => get(name),
    async insertSetting(name, value) {
      db.run("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", name, value);
      return get(name) ?? value;
    },
  };
}
