import { sign, verify, type KeyObject } from "node:crypto";
import type { ChainStart, SignStart } from "../store/retention-records.ts";

/**
 * Where a chain begins after retention took its beginning away. The last row that was removed is signed, with what the
 * vault was told: so what is left can be verified from there, and rows that anybody else removed are missed. Pure.
 */
function startText({ writer, seq, hash, before, at }: Omit<ChainStart, "signature">): Buffer {
  const text = `alter-vault/start/1\n${writer}\n${seq}\n${Buffer.from(hash).toString("base64")}\n${before}\n${at}\n`;
  return Buffer.from(text);
}

export function startSigner(privateKey: KeyObject): SignStart {
  return (unsigned) => ({ ...unsigned, signature: sign(null, startText(unsigned), privateKey) });
}

export function startHolds(start: ChainStart, publicKey: KeyObject): boolean {
  return verify(null, startText(start), publicKey, start.signature);
}
