import { hash } from "node:crypto";
import type { ChainHead, LogDraft } from "../store/log-records.ts";

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
  // A character takes three bytes at most.
  const most = HEAD + 3 * text.length;
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  bytes.set(previous, 0);
  bytes.writeUInt32BE(Math.floor(seq / 2 ** 32), 32);
  bytes.writeUInt32BE(seq % 2 ** 32, 36);
  const end = HEAD + bytes.write(text, HEAD, "utf8");
  // By way of a string: a digest of its own buffer costs more to allocate than to make.
  return Buffer.from(hash("sha256", bytes.subarray(0, end), "latin1"), "latin1");
}

const HEAD = 40;
const scratch = Buffer.allocUnsafe(16 * 1024);
