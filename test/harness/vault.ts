import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AlterVault, type AlterVaultOptions } from "@alter-vault/sdk";
import type { AuditEntry } from "@alter-vault/protocol";
import {
  createLogger,
  initDataDir,
  loadConfig,
  startLocalVault,
  systemSurroundings,
  type LocalVault,
  type SettingOverrides,
  type VaultClient,
} from "@alter-vault/server";
import { operatorAt } from "./operator-at.ts";
import { createTestStorage } from "./test-storage.ts";

/** A real vault in a temporary directory, on a free port, with its operator and an SDK for an app. */
export interface TestVault {
  readonly url: string;
  readonly dataDir: string;
  /** What is stored, past the vault. Places for values are question marks. */
  query<T>(sql: string, ...values: string[]): Promise<T[]>;
  readonly apiKey: string;
  readonly operator: VaultClient;
  sdk(options?: Partial<AlterVaultOptions>): AlterVault;
  /** Stores a bearer token for these hosts; returns the grant's id. */
  bearer(token: string, hosts: readonly string[], provider?: string): Promise<string>;
  /** The newest entry, after every outcome that is due was written. */
  lastEntry(): Promise<AuditEntry>;
  entries(limit?: number): Promise<AuditEntry[]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const around = systemSurroundings(createLogger("silent"));

export async function startTestVault(settings: SettingOverrides = {}): Promise<TestVault> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-test-"));
  const storage = await createTestStorage();
  const config = loadConfig(
    "dev",
    {
      ALTER_VAULT_DATA: dataDir,
      ALTER_VAULT_PORT: "0",
      ALTER_VAULT_SHUTDOWN_MS: "2000",
      ...storage.settings,
      ...settings,
    },
    {},
  );
  const apiKey = await initDataDir(config, around);
  let vault: LocalVault = await startLocalVault(config, around);
  const connect = (): VaultClient => operatorAt(vault.url, apiKey, around.clock);
  let operator = connect();
  const opened: AlterVault[] = [];
  let secrets = 0;

  const entries = async (limit = 100): Promise<AuditEntry[]> =>
    (await operator.call("listAudit", { query: { limit } })).entries;
  return {
    get url() {
      return vault.url;
    },
    dataDir,
    query: (sql, ...values) => storage.query(dataDir, sql, ...values),
    apiKey,
    get operator() {
      return operator;
    },
    sdk(options = {}) {
      const sdk = new AlterVault({ apiKey, baseUrl: vault.url, caller: "test-agent", ...options });
      opened.push(sdk);
      return sdk;
    },
    async bearer(token, hosts, provider = "demo") {
      const created = await operator.call("createSecret", {
        body: {
          name: `secret ${++secrets}`,
          provider,
          injection: { kind: "bearer" },
          value: { kind: "bearer", token },
          allowed_hosts: [...hosts],
        },
      });
      return created.grant_id;
    },
    entries,
    async lastEntry() {
      for (let attempt = 0; attempt < 100; attempt++) {
        const [entry] = (await entries(20)).filter(({ kind }) => kind !== "admin");
        if (entry && entry.outcome !== "pending") return entry;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error("the newest entry got no outcome");
    },
    async restart() {
      await operator.close();
      await vault.stop();
      vault = await startLocalVault(config, around);
      operator = connect();
    },
    async stop() {
      for (const sdk of opened) await sdk.close();
      await operator.close();
      await vault.stop();
      await storage.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
