import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseApiKey, SCOPES, type AuditVerification } from "@alter-vault/protocol";
import { verifyDataDir } from "./audit/verify-data-dir.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { createKeyFile, openKeyFile } from "./crypto/file-key-provider.ts";
import { openKeyring } from "./crypto/keyring.ts";
import type { ConnectionOpener } from "./egress/connection-pools.ts";
import type { RequestListener } from "./http/app.ts";
import { listen, takeConnections, type Listening } from "./http/listen.ts";
import { createApiKey } from "./identity/api-keys.ts";
import type { Logger } from "./logger.ts";
import type { NewId, RandomBytes } from "./random.ts";
import { announceRunning, forgetRunning } from "./running-file.ts";
import { startVault } from "./start.ts";
import { lockDataDir, type DataLock } from "./store/data-lock.ts";
import type { PostgresMigration } from "./store/migrations/postgres.ts";
import { writePrivate } from "./write-private.ts";
import type { WorkerPlace } from "./workers/worker-place.ts";
import { openStore } from "./store/open-store.ts";
import type { Store } from "./store/store.ts";

/**
 * A vault in a data directory: the database (unless it is a shared one elsewhere), the master key, and `operator.key`, an API key with every scope for whoever
 * may read the directory. It is as secret as the master key beside it. While a vault runs, `running.json` says where.
 */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly logger: Logger;
  /** For tests. Default: the network, with every address and certificate checked. */
  readonly connect?: ConnectionOpener | undefined;
  /** Null or left out: this is the only process of its kind here. */
  readonly worker?: WorkerPlace | null | undefined;
  /** For tests: the schema as a program of another version knows it. */
  readonly migrations?: readonly PostgresMigration[] | undefined;
}

export interface LocalVault {
  readonly url: string;
  readonly dataDir: string;
  /** What it is called where it holds something in the database. */
  readonly processName: string;
  /** Drains, finishes open calls, writes what waits, lets go of the directory. */
  stop(): Promise<void>;
}

/** The directory belongs to another process. */
export class DataDirBusy extends Error {
  override readonly name = "DataDirBusy";
}

export function operatorKeyPath(dataDir: string): string {
  return join(dataDir, "operator.key");
}

/** Whether there is a vault where the settings point to. Throws StorageUnavailable when a database does not answer. */
export async function isInitialized(
  config: Config,
  { migrations }: Pick<Surroundings, "migrations"> = {},
): Promise<boolean> {
  if (config.databaseUrl === null) return existsSync(config.databasePath);
  return withStore(config, hasApps, migrations);
}

async function hasApps(store: Store): Promise<boolean> {
  return (await store.listApps()).length > 0;
}

/** Where a vault's records are, for people. */
function placeOf({ dataDir, databaseUrl }: Config): string {
  return databaseUrl === null ? dataDir : "the database";
}

/** Makes master key, database, the first app and the operator's key. Returns the operator's key. */
export function initDataDir(config: Config, around: Surroundings): Promise<string> {
  return withLock(config, async () => {
    if (await isInitialized(config)) throw new Error(`${placeOf(config)} holds a vault already; nothing was changed`);
    if (!existsSync(config.masterKeyPath)) createKeyFile({ ...around, path: config.masterKeyPath });
    return withStore(config, (store) => writeOperatorKey(config, around, store));
  });
}

/**
 * Makes a new operator's key for a vault that does not run: the old one was lost or revoked, or `init` was cut short.
 * Keys that were made before stay as they are. Returns the new key.
 */
export function renewOperatorKey(config: Config, around: Surroundings): Promise<string> {
  return withLock(config, () => withStore(config, (store) => writeOperatorKey(config, around, store)));
}

async function writeOperatorKey(config: Config, around: Surroundings, store: Store): Promise<string> {
  const { clock, random, newId } = around;
  const provider = openKeyFile({ path: config.masterKeyPath, clock, random, newId });
  const keyring = await openKeyring({ store, provider, clock, random, newId });
  let app = (await store.listApps()).toSorted((one, other) => one.createdAt - other.createdAt)[0];
  if (!app) {
    app = { id: newId(), name: "default", createdAt: clock.now() };
    if (!(await store.insertApp(app))) throw new Error("another process is making this vault at this moment");
  }
  const key = { appId: app.id, name: "operator", scopes: SCOPES };
  const { apiKey } = await createApiKey({ store, keyring, clock, random }, key);
  writePrivate(operatorKeyPath(config.dataDir), `${apiKey}\n`);
  return apiKey;
}

/** The operator's key, or null when its file is missing or holds something else. */
export function readOperatorKey(dataDir: string): string | null {
  const path = operatorKeyPath(dataDir);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, "utf8").trim();
  return parseApiKey(text) ? text : null;
}

/** Verifies the audit log of a vault that does not run. Needs no key of any kind. Throws {@link DataDirBusy}. */
export function verifyLocalLog(config: Config): Promise<AuditVerification> {
  return withLock(config, () => withStore(config, (store) => verifyDataDir(store, config.dataDir)));
}

interface StartOptions {
  /** Write `running.json`, so that others find this vault. Default: true. */
  readonly announce?: boolean;
}

/** Opens the vault in a data directory and listens. Throws {@link DataDirBusy}, MasterKeyMissing, or what listening says. */
export async function startLocalVault(
  config: Config,
  around: Surroundings,
  { announce = true }: StartOptions = {},
): Promise<LocalVault> {
  if (!(await isInitialized(config, around))) {
    throw new Error(
      `there is no vault in ${placeOf(config)} yet; run \`alter-vault init --data ${config.dataDir}\` first`,
    );
  }
  const lock = holdDataDir(config);
  try {
    // Left behind by a vault that was killed. While the lock is held, this file is its holder's or nobody's.
    forgetRunning(config);
    const { clock, random, newId } = around;
    const provider = openKeyFile({ path: config.masterKeyPath, clock, random, newId });
    const store = await openStore(config, () => clock.monotonic(), around.migrations);
    let listeningAt: string | null = null;
    const publicUrl = (): string => {
      const url = config.publicUrl?.origin ?? config.servedAt ?? listeningAt;
      if (url === null) throw new Error("the vault does not listen yet, so it has no address");
      return url;
    };
    const vault = await startVault({ ...around, config, store, provider, publicUrl });
    const listening = await openDoor(config, vault.app, around.worker ?? null).catch(async (error: unknown) => {
      await vault.close();
      throw error;
    });
    listeningAt = listening.url;
    if (announce) announceRunning(config, listening.url);
    let stopped: Promise<void> | null = null;
    const stop = async (): Promise<void> => {
      vault.beginDrain();
      await sleep(config.limits.drainMs);
      vault.beginStop();
      await listening.stop(config.limits.shutdownMs);
      await vault.close();
      forgetRunning(config);
      lock.release();
    };
    return {
      url: listening.url,
      dataDir: config.dataDir,
      processName: vault.processName,
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openDoor(config: Config, app: RequestListener, worker: WorkerPlace | null): Promise<Listening> {
  return worker ? takeConnections(config, app, worker.connections) : listen(config, app);
}

function busy(dataDir: string): DataDirBusy {
  return new DataDirBusy(`${dataDir} is in use by another process`);
}

/** An embedded database has one process. A shared one looks after itself, and so do the files that are left here. */
function holdDataDir({ dataDir, databaseUrl }: Config): DataLock {
  if (databaseUrl !== null) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return { release: () => undefined };
  }
  const lock = lockDataDir(dataDir);
  if (!lock) throw busy(dataDir);
  return lock;
}

/** Does the work while no other process has the directory. Throws {@link DataDirBusy}. */
export async function withLock<T>(config: Config, work: () => Promise<T>): Promise<T> {
  const lock = holdDataDir(config);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function withStore<T>(
  config: Config,
  work: (store: Store) => Promise<T>,
  migrations?: Surroundings["migrations"],
): Promise<T> {
  const store = await openStore(config, undefined, migrations);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
