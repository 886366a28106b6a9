import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLogger,
  createVaultClient,
  initDataDir,
  isInitialized,
  loadConfig,
  startLocalVault,
  systemSurroundings,
  type LocalVault,
  type SettingOverrides,
  type VaultClient,
} from "@alter-vault/server";

/** A vault of this program's own: in `.alter-vault`, or, for a run that leaves nothing behind, in a temporary folder. */
export interface DemoVault {
  readonly url: string;
  readonly dataDir: string;
  readonly apiKey: string;
  readonly operator: VaultClient;
  stop(): Promise<void>;
}

export async function startDemoVault(temporary: boolean): Promise<DemoVault> {
  const folder = temporary ? await mkdtemp(join(tmpdir(), "alter-vault-demo-")) : null;
  const around = systemSurroundings(createLogger("warn"));
  const settings: SettingOverrides = folder ? { ALTER_VAULT_DATA: folder, ALTER_VAULT_PORT: "0" } : {};
  const config = loadConfig("dev", settings);
  if (!(await isInitialized(config))) await initDataDir(config, around);
  const vault = await startLocalVault(config, around).catch((error: unknown) => startOnFreePort(error, settings));
  const apiKey = (await readFile(join(vault.dataDir, "operator.key"), "utf8")).trim();
  const operator = createVaultClient({
    url: vault.url,
    apiKey,
    app: undefined,
    certificateSha256: null,
    clock: around.clock,
    random: randomBytes,
  });
  return {
    url: vault.url,
    dataDir: vault.dataDir,
    apiKey,
    operator,
    async stop() {
      await operator.close();
      await vault.stop();
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The usual port may belong to something else on this machine; the demo takes another. */
async function startOnFreePort(error: unknown, settings: SettingOverrides): Promise<LocalVault> {
  if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
  const config = loadConfig("dev", { ...settings, ALTER_VAULT_PORT: "0" });
  return startLocalVault(config, systemSurroundings(createLogger("warn")));
}

/** Stores the provider's token, once. On a later start only the address of the provider is new. */
export async function storeToken(operator: VaultClient, token: string, origin: string): Promise<string> {
  const name = "Demo calendar";
  const { secrets } = await operator.call("listSecrets", { query: { limit: 1000 } });
  const existing = secrets.find((secret) => secret.name === name);
  if (!existing) {
    const created = await operator.call("createSecret", {
      body: { name, injection: { kind: "bearer" }, value: { kind: "bearer", token }, allowed_hosts: [origin] },
    });
    return created.grant_id;
  }
  await operator.call("updateSecret", { id: existing.secret_id, body: { allowed_hosts: [origin] } });
  await operator.call("rotateSecret", { id: existing.secret_id, body: { value: { kind: "bearer", token } } });
  const { grants } = await operator.call("listGrants", { query: { provider_id: existing.provider, status: "active" } });
  const [grant] = grants;
  if (!grant)
    throw new Error(
      `the secret ${name} has no active grant; delete it with \`alter-vault secrets delete ${existing.secret_id}\``,
    );
  return grant.grant_id;
}
