import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { NewId, RandomBytes } from "../random.ts";
import { MasterKeyMissing, type KeyProvider, type MasterKeyInfo, type WrappedKey } from "./key-provider.ts";

/**
 * Master keys in one file that only its owner may read. Rotation changes the file by writing a new one beside it
 * and renaming, so a crash leaves the old file or the new one. Losing this file means losing every sealed value: it must
 * be backed up apart from the database.
 */
interface FileKeyOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
}

const KeyFile = z.strictObject({
  version: z.literal(1),
  keys: z.array(z.strictObject({ id: z.string(), created_at: z.number(), key: z.base64() })).min(1),
});

interface MasterKey extends MasterKeyInfo {
  readonly key: KeyObject;
}

/** Makes the file with a first key. Refuses to touch one that exists. */
export function createKeyFile(options: FileKeyOptions): void {
  if (existsSync(options.path)) throw new Error(`${options.path} exists already; it is not overwritten`);
  changeKeyFile(options, () => [newMasterKey(options)]);
}

/** Throws {@link MasterKeyMissing} when there is no file, and says how to get one. */
export function openKeyFile(options: FileKeyOptions): KeyProvider {
  let keys = readKeyFile(options.path);
  const find = (id: string): MasterKey => {
    let found = keys.find((key) => key.id === id);
    if (!found) {
      // Another process may have added it to the file since.
      keys = readKeyFile(options.path);
      found = keys.find((key) => key.id === id);
    }
    if (!found)
      throw new MasterKeyMissing(`master key ${id} is not in ${options.path}; restore the file from its backup`);
    return found;
  };
  const active = (): MasterKey => find(keys.at(-1)?.id ?? "");
  return {
    name: "file",
    masterKeys: () => keys.map(({ id, createdAt }) => ({ id, createdAt })),
    async wrap(dataKey, dataKeyId) {
      const master = active();
      const iv = options.random(12);
      const cipher = createCipheriv("aes-256-gcm", master.key, iv, { authTagLength: 16 });
      cipher.setAAD(wrapContext(master.id, dataKeyId));
      const bytes = Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
      return { masterKeyId: master.id, bytes };
    },
    async unwrap({ masterKeyId, bytes }: WrappedKey, dataKeyId) {
      const master = find(masterKeyId);
      const decipher = createDecipheriv("aes-256-gcm", master.key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(wrapContext(master.id, dataKeyId));
      decipher.setAuthTag(bytes.subarray(bytes.length - 16));
      return Buffer.concat([decipher.update(bytes.subarray(12, bytes.length - 16)), decipher.final()]);
    },
    async forget(needed) {
      // Whoever says what is needed knows only of these. Others may have added more since, and use them.
      const known = new Set(keys.map(({ id }) => id));
      let forgotten = 0;
      keys = changeKeyFile(options, (there) => {
        const kept = there.filter(({ id }, at) => needed.has(id) || !known.has(id) || at === there.length - 1);
        forgotten = there.length - kept.length;
        return kept;
      });
      return forgotten;
    },
    async rotate() {
      const fresh = newMasterKey(options);
      keys = changeKeyFile(options, (there) => [...there, fresh]);
      return { id: fresh.id, createdAt: fresh.createdAt };
    },
  };
}

function newMasterKey({ clock, random, newId }: FileKeyOptions): MasterKey {
  return { id: newId(), createdAt: clock.now(), key: createSecretKey(random(32)) };
}

function wrapContext(masterKeyId: string, dataKeyId: string): Buffer {
  return Buffer.from(`alter-vault/wrap/1\0${masterKeyId}\0${dataKeyId}`, "utf8");
}

function readKeyFile(path: string): MasterKey[] {
  if (!existsSync(path)) {
    throw new MasterKeyMissing(
      `there is no master key at ${path}. For a new vault run \`alter-vault init\`, which makes one; for an existing vault restore the file from its backup.`,
    );
  }
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new Error(`${path} may be read by others; run \`chmod 600 ${path}\` and start again`);
  }
  const parsed = KeyFile.safeParse(parseJson(readFileSync(path, "utf8")));
  if (!parsed.success) throw new Error(`${path} is not a master key file; restore it from its backup`);
  return parsed.data.keys.map(({ id, created_at, key }) => {
    const bytes = Buffer.from(key, "base64");
    if (bytes.length !== 32)
      throw new Error(`master key ${id} in ${path} is not 32 bytes long; restore the file from its backup`);
    return { id, createdAt: created_at, key: createSecretKey(bytes) };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A new file beside the old one, which is also what keeps a second process from changing it at the same moment. */
function changeKeyFile(
  { path, clock }: FileKeyOptions,
  change: (there: readonly MasterKey[]) => MasterKey[],
): MasterKey[] {
  const next = `${path}.next`;
  removeLeftBehind(next, clock);
  const file = createOrSay(next, path);
  try {
    const keys = change(existsSync(path) ? readKeyFile(path) : []);
    const content = {
      version: 1,
      keys: keys.map(({ id, createdAt, key }) => ({ id, created_at: createdAt, key: key.export().toString("base64") })),
    };
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(file);
    chmodSync(next, 0o600);
    renameSync(next, path);
    syncFolder(dirname(path));
    return keys;
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function createOrSay(next: string, path: string): number {
  try {
    return openSync(next, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(`another process is changing ${path} at this moment; try again in a minute`, { cause: error });
  }
}

/** Of a process that ended in the middle. Nothing takes this long. */
function removeLeftBehind(next: string, clock: Clock): void {
  if (existsSync(next) && clock.now() - statSync(next).mtimeMs > 60_000) rmSync(next, { force: true });
}

/** A rename is durable only once the folder is. Windows cannot open folders and does not need it. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
