import { hash } from "node:crypto";
import type { ChainHead, LogDraft } from "../store/store.ts";

/**
 * The hash chain. Each row's hash covers the hash of the row before it, its own number, and all that it says, so a row
 * that is changed, removed, inserted or moved breaks every hash after it. Pure.
 *
 *   hash = SHA-256( previous hash | seq, 8 bytes big-endian | kind NUL entry id NUL app id NUL time NUL body )
 */
export function linkRow(head: ChainHead, draft: LogDraft): ChainHead {
  const seq = head.seq + 1;
  return { seq, hash: hashRow(head.hash, seq, draft) };
}

export function hashRow(previous: Uint8Array, seq: number, row: LogDraft): Uint8Array {
  const text = `${row.kind}\0${row.entryId}\0${row.appId ?? ""}\0${row.at}\0${row.body}`;
  const bytes = Buffer.allocUnsafe(40 + Buffer.byteLength(text));
  bytes.set(previous, 0);
  bytes.writeBigUInt64BE(BigInt(seq), 32);
  bytes.write(text, 40);
  return hash("sha256", bytes, "buffer");
}
