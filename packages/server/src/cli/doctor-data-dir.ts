import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { ConfigError, type Config } from "../config.ts";
import { openKeyFile } from "../crypto/file-key-provider.ts";
import { operatorKeyPath, readOperatorKey } from "../local-vault.ts";
import { SQLITE_MIGRATIONS } from "../store/migrations/sqlite.ts";
import { inspectPostgres } from "../store/postgres/inspect.ts";
import { isFilling } from "../store/sqlite/fill.ts";
import type { Cli } from "./cli.ts";
import type { GlobalOptions } from "./describe-command.ts";
import { fail, ok, warn, type Check } from "./doctor-checks.ts";
import { localConfig } from "./open-vault.ts";

/** Checks of the data directory, whether or not a vault runs on it. Opens the database for reading only. */
export async function checkDataDir(cli: Cli, globals: GlobalOptions): Promise<Check[]> {
  const config = configOrNull(cli, globals);
  if (!config) return [];
  const { dataDir } = config;
  if (!existsSync(dataDir))
    return [
      fail(
        "data directory",
        `${dataDir} does not exist`,
        `Run \`alter-vault init --data ${dataDir}\`, or pass another --data.`,
      ),
    ];
  const checks = [
    checkPermissions("data directory", dataDir, 0o700, "others may look into it"),
    await checkSpace(dataDir),
  ];
  if (config.databaseUrl === null && !existsSync(config.databasePath)) {
    if (isFilling(config.databasePath)) return [...checks, UNFINISHED_IMPORT];
    return [
      ...checks,
      fail(
        "database",
        `${dataDir} holds no vault`,
        `Run \`alter-vault init --data ${dataDir}\`, or pass another --data.`,
      ),
    ];
  }
  return [...checks, ...(await checkKeysAndDatabase(cli, config)), checkOperatorKey(dataDir)];
}

const UNFINISHED_IMPORT: Check = fail(
  "database",
  "an import was not finished",
  "Wait for it if it is still running; else run `alter-vault import` again, which begins anew.",
);

/** What is wrong with the settings is told by another check. */
function configOrNull(cli: Cli, globals: GlobalOptions): Config | null {
  try {
    return localConfig(cli, globals);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function checkPermissions(name: string, path: string, mode: number, problem: string): Check {
  const open = statSync(path).mode & 0o077;
  if (process.platform === "win32" || open === 0) return ok(name, path);
  return warn(name, `${path}: ${problem}`, `Run \`chmod ${mode.toString(8)} ${path}\`.`);
}

const MEGABYTE = 1024 * 1024;

async function checkSpace(dataDir: string): Promise<Check> {
  const { bavail, bsize } = await statfs(dataDir);
  const megabytes = Math.floor((bavail * bsize) / MEGABYTE);
  const message = `${megabytes} MB free`;
  // A full disk stops the audit log, and then the vault answers nothing.
  if (megabytes < 100)
    return fail("disk space", message, "Make room: the vault stops when its audit log cannot be written.");
  if (megabytes < 1024)
    return warn("disk space", message, "Make room soon: the vault stops when its audit log cannot be written.");
  return ok("disk space", message);
}

async function checkKeysAndDatabase(cli: Cli, config: Config): Promise<Check[]> {
  const masterKeys = readMasterKeys(cli, config);
  const { databaseUrl, databasePath } = config;
  const database = databaseUrl === null ? readDatabase(databasePath) : await readPostgres(databaseUrl);
  const checks = [masterKeys.check, database.check];
  if (!masterKeys.ids || !database.masterKeyIds) return checks;
  const missing = database.masterKeyIds.filter((id) => !masterKeys.ids?.includes(id));
  if (missing.length === 0) return checks;
  const message = `the database needs master keys that are not in ${config.masterKeyPath}: ${missing.join(", ")}`;
  return [...checks, fail("master key", message, "Restore the master key file that belongs to this database.")];
}

function readMasterKeys(
  { clock, random, newId }: Cli,
  { masterKeyPath: path }: Config,
): { check: Check; ids: string[] | null } {
  if (!existsSync(path)) {
    return {
      check: fail("master key", `${path} is missing`, "Restore it from its backup: without it nothing can be opened."),
      ids: null,
    };
  }
  try {
    const ids = openKeyFile({ path, clock, random, newId })
      .masterKeys()
      .map(({ id }) => id);
    return { check: ok("master key", `${path} holds ${ids.length === 1 ? "one key" : `${ids.length} keys`}`), ids };
  } catch (error) {
    const message = error instanceof Error ? error.message : "it cannot be read";
    return {
      check: fail(
        "master key",
        message,
        "Only its owner may read it (mode 600); if it is damaged, restore it from its backup.",
      ),
      ids: null,
    };
  }
}

interface ReadDatabase {
  readonly check: Check;
  readonly masterKeyIds: readonly string[] | null;
}

async function readPostgres(url: string): Promise<ReadDatabase> {
  try {
    const state = await inspectPostgres(url);
    const check = state.hasApps
      ? checkSchema(
          state.migration,
          state.isUsable ? Math.max(state.migration, state.newestMigration) : state.newestMigration,
        )
      : fail("database", `PostgreSQL ${state.version} holds no vault`, "Make one with `alter-vault init`.");
    return { check, masterKeyIds: state.masterKeyIds };
  } catch (error) {
    const message = error instanceof Error ? error.message : "it cannot be read";
    return {
      check: fail("database", message, "Check that PostgreSQL runs, its address, its user and its certificate."),
      masterKeyIds: null,
    };
  }
}

function readDatabase(path: string): ReadDatabase {
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const { id: done } = db.prepare("SELECT coalesce(max(id), 0) AS id FROM migrations").get() as { id: number };
      const keys = db.prepare("SELECT DISTINCT master_key_id AS id FROM data_keys").all() as { id: string }[];
      return { check: checkSchema(done, SQLITE_MIGRATIONS.at(-1)?.id ?? 0), masterKeyIds: keys.map(({ id }) => id) };
    } finally {
      db.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : "it cannot be read";
    return {
      check: fail("database", `${path}: ${message}`, "Restore it from a backup, together with its master key."),
      masterKeyIds: null,
    };
  }
}

function checkSchema(done: number, newest: number): Check {
  if (done === newest) return ok("database", `opens, schema ${done} is current`);
  if (done < newest)
    return warn(
      "database",
      `schema ${done} is older than this program's ${newest}`,
      "It is brought up to date by the next start; back it up before.",
    );
  return fail(
    "database",
    `schema ${done} is newer than this program's ${newest}`,
    "Run the newer version of the program.",
  );
}

function checkOperatorKey(dataDir: string): Check {
  const path = operatorKeyPath(dataDir);
  if (readOperatorKey(dataDir) !== null) return checkPermissions("operator key", path, 0o600, "others may read it");
  return warn(
    "operator key",
    `${path} is missing or holds no API key`,
    "Stop the vault and run `alter-vault init --new-operator-key`, or pass a key with --api-key-file.",
  );
}
