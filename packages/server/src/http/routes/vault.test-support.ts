import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEntry } from "@alter-vault/protocol";
import { VaultRefusal, type AnsweredProblem } from "../../cli/cli-error.ts";
import { createVaultClient, type VaultClient } from "../../cli/vault-client.ts";
import { loadConfig, type Config, type SettingOverrides } from "../../config.ts";
import { initDataDir, startLocalVault } from "../../local-vault.ts";
import { createLogger } from "../../logger.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { oauthCredential, oauthGrant } from "../../store/contract.test-support.ts";
import type { Store } from "../../store/store.ts";
import { systemSurroundings } from "../../system.ts";

/** A real vault on 127.0.0.1 with two apps, each with a key for everything. */
export interface VaultOfTwo {
  readonly config: Config;
  readonly one: VaultClient;
  readonly other: VaultClient;
  /** The id of the first app. */
  readonly appId: string;
  /** An account of the first app, as connecting leaves it, but for tokens that open. Returns the grant's id. */
  connectAccount(provider: string): Promise<string>;
  /** The vault's own store, by a second connection. */
  withStore<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** The newest entry of the first app about this action, with its outcome. */
  entry(action: string): Promise<AuditEntry>;
  stop(): Promise<void>;
}

const around = systemSurroundings(createLogger("silent"));

export async function startVaultOfTwo(settings: SettingOverrides = {}): Promise<VaultOfTwo> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-routes-"));
  const config = loadConfig("serve", { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ...settings }, {});
  const apiKey = await initDataDir(config, around);
  const vault = await startLocalVault(config, around);
  const clients: VaultClient[] = [];
  const connect = (app?: string): VaultClient => {
    const client = createVaultClient({
      url: vault.url,
      apiKey,
      app,
      certificateSha256: null,
      clock: around.clock,
      random: around.random,
    });
    clients.push(client);
    return client;
  };
  const one = connect();
  const { app_id: app } = await one.call("createApp", { body: { name: "other" } });
  const { app_id: appId } = await one.call("whoami");
  const withStore = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const store = openSqliteStore(config.databasePath);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  return {
    config,
    one,
    appId,
    withStore,
    async connectAccount(provider) {
      const id = around.newId();
      const account = { id, identifier: "ada@example.com", name: "Ada Example" };
      const grant = oauthGrant(appId, { id, provider, account });
      await withStore((store) => store.insertOAuthGrant(grant, oauthCredential(grant)));
      return id;
    },
    other: connect(app),
    async entry(action) {
      for (let attempt = 0; attempt < 100; attempt++) {
        const { entries } = await one.call("listAudit", { query: { limit: 100 } });
        const found = entries.find((entry) => entry.action === action);
        if (found && found.outcome !== "pending") return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`nothing was written about ${action}`);
    },
    async stop() {
      for (const client of clients) await client.close();
      await vault.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The problem a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<AnsweredProblem> {
  const answer = await call.catch((error: unknown) => error);
  if (answer instanceof VaultRefusal) return answer.report;
  throw new Error(`it was not refused: ${JSON.stringify(answer)}`);
}
