import { resolve } from "node:path";
import type { Command } from "commander";
import { loadConfig, type Config, type SettingOverrides } from "../config.ts";
import { initDataDir, isInitialized, readOperatorKey, renewOperatorKey, type Surroundings } from "../local-vault.ts";
import { createLogger } from "../logger.ts";
import type { Cli } from "./cli.ts";
import { describeCommand, globalOptions } from "./describe-command.ts";
import { dataOverride } from "./open-vault.ts";
import { startWhenFree, untilFree } from "./when-free.ts";
import { integer } from "./options.ts";
import { painter } from "./paint.ts";
import { stopSignal } from "./stop-signal.ts";

/** `alter-vault dev`: a vault on this machine with nothing to set up. */
export function addDev(program: Command, cli: Cli): void {
  const dev = program
    .command("dev")
    .option("--port <port>", "port on 127.0.0.1; 0 takes any that is free (default: 8200)", integer);
  describeCommand(dev, {
    summary: "Run a vault for development; makes the data directory when it is new",
    notes: `Listens on 127.0.0.1 only, and may call loopback addresses that a secret's allow-list names exactly.
With --json it prints one line when it is ready: {"url","portalUrl","apiKey","dataDir"}.`,
    examples: ["alter-vault dev", "alter-vault dev --port 0 --data /tmp/try-it --json"],
    environment: {
      ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
      ALTER_VAULT_PORT: "the port (default: 8200)",
      ALTER_VAULT_LOG_LEVEL: "debug, info, warn (the default), error or silent",
    },
  }).action(async ({ port }: { port?: number }, command: Command) => {
    const globals = globalOptions(command);
    const overrides: SettingOverrides = {
      ...dataOverride(globals),
      ...(port === undefined ? {} : { ALTER_VAULT_PORT: String(port) }),
    };
    const config = loadConfig("dev", overrides, cli.environment);
    const around: Surroundings = {
      clock: cli.clock,
      random: cli.random,
      newId: cli.newId,
      logger: createLogger(config.logLevel),
    };
    const stopped = stopSignal(cli);

    const apiKey = await prepare(cli, config, around);
    const vault = await startWhenFree(cli, config, around);
    const ready = { url: vault.url, portalUrl: `${vault.url}/portal`, apiKey, dataDir: vault.dataDir };
    cli.stdout.write(globals.json ? `${JSON.stringify(ready)}\n` : welcome(cli, ready));

    const signal = await stopped;
    if (!globals.json) cli.stderr.write(`${signal}: finishing open calls; press Ctrl-C again to stop at once\n`);
    await vault.stop();
  });
}

/** The operator's key: of a new vault when there is none, and a new one where it was lost or never written. */
function prepare(cli: Cli, config: Config, around: Surroundings): Promise<string> {
  // Looked at again for every try: whoever holds the directory may be making the vault just now.
  return untilFree(cli, async () => {
    if (!(await isInitialized(config))) return initDataDir(config, around);
    return readOperatorKey(config.dataDir) ?? renewOperatorKey(config, around);
  });
}

function welcome(cli: Cli, { url, apiKey, dataDir }: { url: string; apiKey: string; dataDir: string }): string {
  const paint = painter(cli.stdout, cli.environment);
  const place = dataDir === resolve(".alter-vault") ? "" : ` --data ${shellWord(dataDir)}`;
  return `${paint.bold("Alter Vault is running.")} Ctrl-C stops it.

  url       ${url}
  API key   ${apiKey}
  data      ${dataDir}

${paint.bold("1. Store a credential")} (in another terminal)

  printf %s "$TOKEN" | alter-vault secrets create --name demo --kind bearer --value-stdin --allow-host api.example.com${place}

${paint.bold("2. Call with it")}, without ever holding it

  export ALTER_VAULT_API_KEY=${apiKey}

  import { env } from "node:process";
  import { AlterVault } from "@alter-vault/sdk";
  const vault = new AlterVault({ apiKey: env.ALTER_VAULT_API_KEY, baseUrl: "${url}", caller: "my-agent" });
  const response = await vault.request("GET", "https://api.example.com/", { provider: "demo" });

${paint.bold("3. See what happened")}

  alter-vault audit list${place}

The key above may do everything; give a program its own with \`alter-vault api-keys create --name my-agent${place}\`.
What goes wrong inside is logged here, on stderr.

`;
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
