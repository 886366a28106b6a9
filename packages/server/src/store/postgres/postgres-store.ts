import type { Store } from "../store.ts";
import { agentStore } from "./agents.ts";
import { approvalStore } from "./approvals.ts";
import { apiKeyStore } from "./api-keys.ts";
import { appStore } from "./apps.ts";
import { listenForChanges } from "./change-listener.ts";
import { connectStore } from "./connect.ts";
import { dataKeyStore } from "./data-keys.ts";
import { POSTGRES_MIGRATIONS, type PostgresMigration } from "../migrations/postgres.ts";
import { openPool, type Database, type PoolOptions } from "./database.ts";
import { delegationStore } from "./delegations.ts";
import type { Freshness } from "./fresh-records.ts";
import { grantStore } from "./grants.ts";
import { idpStore } from "./idps.ts";
import { limitStore } from "./limits.ts";
import { logStore } from "./log.ts";
import { isCurrent, migrate, newestOf } from "./migrate.ts";
import { oauthCredentialStore } from "./oauth-credentials.ts";
import { policyStore } from "./policies.ts";
import { providerStore } from "./providers.ts";
import { sealedRecordStore } from "./sealed-records.ts";
import { secretStore } from "./secrets.ts";
import { settingStore } from "./settings.ts";
import { toolCallStore } from "./tool-calls.ts";
import { erasureStore } from "./erasure.ts";
import { userKeyStore } from "./user-keys.ts";
import { groupStore } from "./user-groups.ts";
import { userStore } from "./users.ts";
import { vaultSessionStore } from "./vault-sessions.ts";

export interface StoreOptions extends PoolOptions {
  /** With it, records that calls ask for again and again are kept in memory for less than a second. */
  readonly monotonic?: (() => number) | undefined;
  /** For tests: the schema as a program of another version knows it. */
  readonly migrations?: readonly PostgresMigration[] | undefined;
}

/**
 * The store for many replicas. It trusts the database to keep what it acknowledged and to hold its constraints, and
 * nothing about who else is using it: whatever is read to be changed is changed by one statement or under a lock. Brings
 * the schema up to date first. Throws StorageUnavailable when the database cannot be reached, StorageTooNew or
 * StorageInOlderUse when it is for other versions.
 */
export async function openPostgresStore({
  monotonic,
  migrations = POSTGRES_MIGRATIONS,
  ...options
}: StoreOptions): Promise<Store> {
  const db = openPool(options);
  try {
    if (!(await isCurrent(db, migrations))) await bringUpToDate(options, migrations);
  } catch (error) {
    await db.close();
    throw error;
  }
  let heard = 0;
  const listener = monotonic ? listenForChanges(options.url, () => heard++) : null;
  const freshness = monotonic ? { monotonic, generation: () => db.changes() + heard } : null;
  return {
    ...recordsOn(db, freshness, migrations),
    isShared: true,
    async close() {
      await listener?.close();
      await db.close();
    },
  };
}

/** Every kind of record, on a pool or within one transaction. */
export function recordsOn(
  db: Database,
  freshness: Freshness | null,
  migrations: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
): Omit<Store, "isShared" | "close"> {
  return {
    ...appStore(db),
    ...apiKeyStore(db, freshness),
    ...secretStore(db),
    ...grantStore(db, freshness),
    ...oauthCredentialStore(db),
    ...providerStore(db),
    ...connectStore(db),
    ...idpStore(db),
    ...userStore(db),
    ...groupStore(db),
    ...vaultSessionStore(db),
    ...agentStore(db),
    ...delegationStore(db),
    ...policyStore(db, freshness),
    ...limitStore(db),
    ...approvalStore(db),
    ...toolCallStore(db),
    ...dataKeyStore(db),
    ...userKeyStore(db),
    ...erasureStore(db),
    ...sealedRecordStore(db),
    ...settingStore(db),
    ...logStore(db, newestOf(migrations)),
    async checkVersion() {
      await isCurrent(db, migrations);
    },
  };
}

/** Over a connection of its own, which waits as long as it takes. */
async function bringUpToDate(options: PoolOptions, migrations: readonly PostgresMigration[]): Promise<void> {
  const db = openPool({ ...options, connections: 1, answerTimeoutMs: null });
  try {
    await migrate(db, migrations);
  } finally {
    await db.close();
  }
}
