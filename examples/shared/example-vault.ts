import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { ApiKeyCreated, ProviderConfigPut, SecretCreated } from "@alter-vault/protocol";
import {
  createLogger,
  createVaultClient,
  initDataDir,
  loadConfig,
  startLocalVault,
  systemSurroundings,
  type LocalVault,
  type VaultClient,
} from "@alter-vault/server";

/** A vault in a folder that is thrown away. What an operator does with it is done with the real command line. */
export interface ExampleVault {
  readonly url: string;
  /** A key with these scopes. */
  createKey(name: string, scopes: readonly string[]): Promise<string>;
  /** Stores a bearer token that one origin may see. Calls name it by `provider`; `owner` tells several apart. */
  storeToken(provider: string, token: string, origin: string, owner?: string): Promise<SecretCreated>;
  revoke(grantId: string): Promise<void>;
  /** From now on, users with a token of this issuer for this audience are users of the app. */
  trustIssuer(issuer: string, audience: string): Promise<void>;
  /** Adds an entry of the app's own, and the app's client at that provider: from now on users can connect it. */
  addProvider(entry: string, id: string, client: ProviderConfigPut): Promise<void>;
  stop(): Promise<void>;
}

export async function startExampleVault(): Promise<ExampleVault> {
  const folder = await mkdtemp(join(tmpdir(), "alter-vault-example-"));
  const around = systemSurroundings(createLogger("silent"));
  const settings = { ALTER_VAULT_DATA: folder, ALTER_VAULT_PORT: "0", ALTER_VAULT_LOG_LEVEL: "silent" };
  const config = loadConfig("dev", settings, {});
  let vault: LocalVault | undefined;
  const stop = async (): Promise<void> => {
    await vault?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const alterVault = (args: readonly string[], stdin?: string): Promise<unknown> =>
    runCommandLine([...args, "--data", folder, "--json"], stdin);
  try {
    const operatorKey = await initDataDir(config, around);
    vault = await startLocalVault(config, around);
    const { url } = vault;
    const asOperator = async (act: (operator: VaultClient) => Promise<unknown>): Promise<void> => {
      const connection = { url, apiKey: operatorKey, app: undefined, certificateSha256: null };
      const operator = createVaultClient({ ...connection, clock: around.clock, random: randomBytes });
      try {
        await act(operator);
      } finally {
        await operator.close();
      }
    };
    return {
      url,
      async createKey(name, scopes) {
        const args = ["api-keys", "create", "--name", name, ...scopes.flatMap((scope) => ["--scope", scope])];
        return ((await alterVault(args)) as ApiKeyCreated).api_key;
      },
      async storeToken(provider, token, origin, owner) {
        const name = owner === undefined ? provider : `${provider} of ${owner}`;
        const what = ["--name", name, "--provider", provider, "--kind", "bearer", "--value-stdin"];
        const args = ["secrets", "create", ...what, "--allow-host", origin];
        return (await alterVault(args, token)) as SecretCreated;
      },
      async revoke(grantId) {
        await alterVault(["grants", "revoke", grantId]);
      },
      async trustIssuer(issuer, audience) {
        await asOperator((operator) =>
          operator.call("createIdentityProvider", { body: { issuer, audiences: [audience] } }),
        );
      },
      async addProvider(definition, id, client) {
        await asOperator(async (operator) => {
          await operator.call("addProvider", { body: { definition } });
          await operator.call("putProviderConfig", { id, body: client });
        });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const MAIN = fileURLToPath(new URL("main.ts", import.meta.resolve("@alter-vault/server")));

/** Runs `alter-vault` and gives what it prints. */
async function runCommandLine(args: readonly string[], stdin = ""): Promise<unknown> {
  // Settings of this shell's own vault are not for this one.
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("ALTER_VAULT_"));
  const child = spawn(process.execPath, [MAIN, ...args], { env: Object.fromEntries(environment) });
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  const [code, printed, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0)
    throw new Error(`alter-vault ${args.slice(0, 2).join(" ")} ended with ${code}: ${printed}${complaints}`);
  return JSON.parse(printed);
}
