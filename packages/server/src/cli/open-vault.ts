import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { loadCommandLineSettings, loadLocalConfig, type Config, type SettingOverrides } from "../config.ts";
import {
  isInitialized,
  operatorKeyPath,
  readOperatorKey,
  startLocalVault,
  type LocalVault,
  type Surroundings,
} from "../local-vault.ts";
import { type RunningVaultInfo } from "../running-file.ts";
import { createLogger } from "../logger.ts";
import { isFilling } from "../store/sqlite/fill.ts";
import type { Cli } from "./cli.ts";
import { CliError, usageError } from "./cli-error.ts";
import { globalOptions, type GlobalOptions } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { createVaultClient, type VaultClient } from "./vault-client.ts";
import { checkVaultUrl, reachableUrl } from "./vault-url.ts";
import { findAnswering, untilFree } from "./when-free.ts";

/**
 * Which vault a command talks to: the one at --url; else the one that runs on the data directory; else, when none runs,
 * the directory is opened in this process for as long as the command takes, and the command talks to that.
 *
 * The lock of the directory says whether one runs. `running.json` is believed only while somebody else holds the lock,
 * so values never go to whatever else listens where a vault once was.
 */
export function withVault<T>(cli: Cli, command: Command, work: (vault: VaultClient) => Promise<T>): Promise<T> {
  return withOpened(openVault(cli, globalOptions(command)), work);
}

/** For what goes on in a browser: a vault that ends with the command would not be there to answer it. */
export function withRunningVault<T>(cli: Cli, command: Command, work: (vault: VaultClient) => Promise<T>): Promise<T> {
  return withOpened(openVault(cli, globalOptions(command), true), work);
}

async function withOpened<T>(opening: Promise<OpenedVault>, work: (vault: VaultClient) => Promise<T>): Promise<T> {
  const opened = await opening;
  try {
    return await work(opened.client);
  } finally {
    await opened.close();
  }
}

interface OpenedVault {
  readonly client: VaultClient;
  close(): Promise<void>;
}

async function openVault(cli: Cli, globals: GlobalOptions, mustRun = false): Promise<OpenedVault> {
  const url = remoteUrl(cli, globals);
  const givenKey = givenApiKey(cli, globals);
  if (url !== null) {
    if (givenKey === null)
      throw usageError(`a vault at ${url} needs an API key`, "Pass --api-key-file FILE, or set ALTER_VAULT_API_KEY.");
    return onlyClient(clientFor(cli, globals, { url, certificateSha256: null }, givenKey));
  }
  const config = localConfig(cli, globals);
  await requireVault(config);
  const apiKey = givenKey ?? operatorKey(config.dataDir);
  const found = mustRun ? await requireRunning(config) : await findRunning(cli, config);
  if ("pid" in found) return onlyClient(clientFor(cli, globals, { ...found, url: reachableUrl(found.url) }, apiKey));
  const client = clientFor(cli, globals, { url: found.url, certificateSha256: null }, apiKey);
  return {
    client,
    async close() {
      await client.close();
      await found.stop();
    },
  };
}

/** The address that was asked for; null means the data directory. An explicit --data counts more than ALTER_VAULT_URL. */
export function remoteUrl(cli: Cli, { url, data, database }: GlobalOptions): string | null {
  if (url !== undefined) return checkVaultUrl(url);
  const { url: fromEnvironment } = loadCommandLineSettings(cli.environment);
  return data === undefined && database === undefined && fromEnvironment !== null
    ? checkVaultUrl(fromEnvironment)
    : null;
}

export function givenApiKey(cli: Cli, { apiKeyFile, apiKey }: GlobalOptions): string | null {
  if (apiKeyFile !== undefined) return readKeyFile(apiKeyFile);
  if (apiKey !== undefined) {
    cli.stderr.write(
      "warning: --api-key can be seen by others on this machine; prefer --api-key-file or ALTER_VAULT_API_KEY\n",
    );
    return apiKey.trim();
  }
  return loadCommandLineSettings(cli.environment).apiKey?.trim() ?? null;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw usageError(`the API key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

/** Where the data is, as far as the command line says. */
export function dataOverride({ data, database }: GlobalOptions): SettingOverrides {
  return {
    ...(data === undefined ? {} : { ALTER_VAULT_DATA: data }),
    ...(database === undefined ? {} : { ALTER_VAULT_DATABASE_URL: database }),
  };
}

/** Settings for opening the data directory in this process. */
export function localConfig(cli: Cli, globals: GlobalOptions): Config {
  return loadLocalConfig(dataOverride(globals), cli.environment);
}

/** What a vault in this process needs from it. It logs nothing, unless somebody looks for a mistake. */
export function quietSurroundings(cli: Cli): Surroundings {
  const { debug } = loadCommandLineSettings(cli.environment);
  return { clock: cli.clock, random: cli.random, newId: cli.newId, logger: createLogger(debug ? "debug" : "silent") };
}

export async function requireVault(config: Config): Promise<void> {
  if (await isInitialized(config)) return;
  refuseUnfinishedImport(config);
  throw new CliError(EXIT.error, {
    code: "not_initialized",
    title: "There is no vault here",
    detail: `${config.databaseUrl === null ? config.dataDir : "the database"} holds no vault`,
    fix: "Make one with `alter-vault init`, or try it out with `alter-vault dev`. For another place pass --data DIR or --url URL.",
  });
}

/** What an import that was cut short left behind is no vault, and no place for another one. */
export function refuseUnfinishedImport({ databaseUrl, databasePath, dataDir }: Config): void {
  if (databaseUrl !== null || !isFilling(databasePath)) return;
  throw new CliError(EXIT.error, {
    code: "import_unfinished",
    title: "An import was not finished",
    detail: `${dataDir} holds part of an import, and no vault`,
    fix: "If it is still running, wait for it. If it was cut short, run `alter-vault import` again: it begins anew.",
  });
}

async function requireRunning({ dataDir }: Config): Promise<RunningVaultInfo> {
  const found = await findAnswering(dataDir);
  if (found) return found;
  throw new CliError(EXIT.error, {
    code: "vault_not_running",
    title: "No vault runs here",
    detail: `nobody serves ${dataDir}, so a browser would find nothing`,
    fix: "Start it with `alter-vault serve` or `alter-vault dev`, and run this again beside it.",
  });
}

function operatorKey(dataDir: string): string {
  const key = readOperatorKey(dataDir);
  if (key !== null) return key;
  throw new CliError(EXIT.notAllowed, {
    code: "operator_key_missing",
    title: "The operator's key is missing",
    detail: `${operatorKeyPath(dataDir)} is not there, or holds no API key`,
    fix: "Pass --api-key-file FILE, or stop the vault and make a new key with `alter-vault init --new-operator-key`.",
  });
}

function clientFor(
  cli: Cli,
  globals: GlobalOptions,
  { url, certificateSha256 }: { readonly url: string; readonly certificateSha256: string | null },
  apiKey: string,
): VaultClient {
  return createVaultClient({ url, certificateSha256, apiKey, app: globals.app, clock: cli.clock, random: cli.random });
}

function onlyClient(client: VaultClient): OpenedVault {
  return { client, close: () => client.close() };
}

/** The vault that runs on the directory, or one in this process when none does. */
function findRunning(cli: Cli, config: Config): Promise<LocalVault | RunningVaultInfo> {
  return untilFree(
    cli,
    () => startLocalVault(config, quietSurroundings(cli), { announce: false }),
    () => findAnswering(config.dataDir),
  );
}
