import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { appendFile } from "node:fs/promises";
import type { Clock } from "../clock.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { ChainHead, Checkpoint, LogStore } from "../store/log-records.ts";
import type { SettingStore } from "../store/store.ts";

/**
 * A hash chain alone does not show that its tail was cut off, nor that all of it was written anew. So every now and then
 * its head is signed (Ed25519; the private key is sealed in the store) and put down in two places: in the database, and
 * in a file beside it that can be copied elsewhere. Whoever holds an old checkpoint can prove what the log said then.
 */
export interface Checkpointer {
  /** Tells of a commit; makes a checkpoint when enough rows came since the last one. */
  committed(rows: number, head: ChainHead): void;
  /** Makes one now, if anything came since the last one. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}

interface CheckpointDeps {
  readonly store: LogStore & SettingStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly writer: string;
  /** Null keeps them in the database only. */
  readonly filePath: string | null;
  readonly onFailure: (error: unknown) => void;
}

const EVERY_ROWS = 5_000;
const KEY_CONTEXT = { appId: "", record: "setting:checkpoint_key", field: "value" };

function checkpointText({ writer, seq, hash, at }: Omit<Checkpoint, "signature">): string {
  return `alter-vault/checkpoint/1\n${writer}\n${seq}\n${Buffer.from(hash).toString("base64")}\n${at}\n`;
}

export function checkpointHolds(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  return verify(null, Buffer.from(checkpointText(checkpoint)), publicKey, checkpoint.signature);
}

/** The public half, for whoever verifies; null before the first checkpointer was opened. */
export async function checkpointPublicKey(store: SettingStore): Promise<KeyObject | null> {
  const spki = await store.getSetting("checkpoint_public_key");
  return spki ? createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }) : null;
}

export async function openCheckpointer({
  store,
  keyring,
  clock,
  writer,
  filePath,
  onFailure,
}: CheckpointDeps): Promise<Checkpointer> {
  const privateKey = await signingKey(store, keyring);
  let head: ChainHead | null = null;
  let since = 0;
  let running: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    // A commit of nonces alone leaves a new chain without a row.
    if (!head || head.seq === 0 || since === 0) return;
    const unsigned = { writer, seq: head.seq, hash: head.hash, at: clock.now() };
    since = 0;
    const signature = sign(null, Buffer.from(checkpointText(unsigned)), privateKey);
    await store.insertCheckpoint({ ...unsigned, signature });
    if (filePath) await appendFile(filePath, checkpointLine({ ...unsigned, signature }), { mode: 0o600 });
  }
  const checkpoint = (): Promise<void> => {
    running = running.then(write).catch(onFailure);
    return running;
  };
  return {
    committed(rows, newest) {
      head = newest;
      since += rows;
      if (since >= EVERY_ROWS) void checkpoint();
    },
    checkpoint,
    close: checkpoint,
  };
}

/** One line of the checkpoint file. */
function checkpointLine({ writer, seq, hash, at, signature }: Checkpoint): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return `${JSON.stringify({ writer, seq, hash: base64(hash), at, signature: base64(signature) })}\n`;
}

/** Reads lines back; a line that a crash cut short is left out. */
export function parseCheckpointLines(text: string): Checkpoint[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("{") || !line.endsWith("}")) return [];
    const { writer, seq, hash, at, signature } = JSON.parse(line) as Record<string, unknown>;
    return [
      {
        writer: String(writer),
        seq: Number(seq),
        hash: Buffer.from(String(hash), "base64"),
        at: Number(at),
        signature: Buffer.from(String(signature), "base64"),
      },
    ];
  });
}

/** Whether the key that signs checkpoints can be used, or none was made yet. */
export async function checkpointKeyOpens(store: SettingStore, keyring: Keyring): Promise<boolean> {
  const stored = await store.getSetting("checkpoint_key");
  return stored === null || keyring.open(KEY_CONTEXT, stored).ok;
}

async function signingKey(store: SettingStore, keyring: Keyring): Promise<KeyObject> {
  const stored = await store.getSetting("checkpoint_key");
  if (stored) {
    const opened = keyring.open(KEY_CONTEXT, stored);
    if (!opened.ok) throw new Error(`the checkpoint key cannot be opened (${opened.reason})`);
    return createPrivateKey({ key: opened.plain, format: "der", type: "pkcs8" });
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const sealed = await keyring.seal(KEY_CONTEXT, privateKey.export({ format: "der", type: "pkcs8" }));
  const kept = await store.insertSetting("checkpoint_key", sealed);
  if (Buffer.compare(kept, sealed) !== 0) return signingKey(store, keyring);
  await store.insertSetting("checkpoint_public_key", publicKey.export({ format: "der", type: "spki" }));
  return privateKey;
}
