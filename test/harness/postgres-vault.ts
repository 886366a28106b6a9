import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, initDataDir, loadConfig, startLocalVault, systemSurroundings } from "@alter-vault/server";
import { operatorAt } from "./operator-at.ts";
import { getThrough, rawCall, type RawAnswer } from "./raw-call.ts";
import { storageAt } from "./test-storage.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

/** A vault on a database whose server a test has in its hands. */
export interface PostgresVault {
  readonly upstream: Upstream;
  call(path: string): Promise<RawAnswer>;
  /** Paths of the last hundred calls that are in the log. */
  logged(): Promise<string[]>;
  /** Paths of all. */
  allLogged(): Promise<string[]>;
  ready(): Promise<number>;
  stop(): Promise<void>;
}

export async function startPostgresVault(databaseUrl: string): Promise<PostgresVault> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-postgres-vault-"));
  const around = systemSurroundings(createLogger("silent"));
  const settings = { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ALTER_VAULT_DATABASE_URL: databaseUrl };
  const config = loadConfig("dev", { ...settings, ALTER_VAULT_SHUTDOWN_MS: "2000" }, {});
  const apiKey = await initDataDir(config, around);
  const vault = await startLocalVault(config, around);
  const upstream = await startUpstream();
  const operator = operatorAt(vault.url, apiKey);
  const { grant_id: grantId } = await operator.call("createSecret", {
    body: {
      name: "s",
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token" },
      allowed_hosts: [upstream.origin],
    },
  });
  return {
    upstream,
    call: (path) => rawCall(vault.url, apiKey, { alter: getThrough(grantId, `${upstream.origin}${path}`) }),
    async logged() {
      const { entries } = await operator.call("listAudit", { query: { limit: 100 } });
      return entries.flatMap(({ url }) => (url ? [new URL(url).pathname] : []));
    },
    async allLogged() {
      const rows = await storageAt(databaseUrl).query<{ url: string | null }>(
        dataDir,
        "SELECT body::json ->> 'url' AS url FROM log WHERE kind = 'entry'",
      );
      return rows.flatMap(({ url }) => (url === null ? [] : [new URL(url).pathname]));
    },
    ready: async () => (await fetch(`${vault.url}/readyz`)).status,
    async stop() {
      await operator.close();
      await vault.stop();
      await upstream.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
