import { createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from "node:crypto";
import { MasterKeyMissing, type KeyProvider } from "../crypto/key-provider.ts";
import { stretchPassphrase } from "../crypto/stretch-passphrase.ts";
import type { RandomBytes } from "../random.ts";
import { DAMAGED, type ExportHeader, type SealedBy } from "./export-header.ts";
import { MovingProblem } from "./moving-problem.ts";

/**
 * The key of one export. By default it is a fresh one, wrapped by the master key: whoever can open the vault can open its
 * exports, there is nothing to remember, and a job at night needs nobody. With a passphrase it is made from that, for a
 * file that goes through other hands. Either way credentials inside stay sealed as they are, by keys that the master key
 * wraps: a passphrase alone opens none of them.
 */
export interface ExportKey {
  readonly key: KeyObject;
  readonly sealedBy: SealedBy;
  readonly check: Buffer;
}

export async function makeExportKey(
  id: string,
  { provider, passphrase, random }: { provider: KeyProvider; passphrase: string | null; random: RandomBytes },
): Promise<ExportKey> {
  if (passphrase !== null) {
    const salt = random(32);
    const secret = await stretchPassphrase(passphrase, salt);
    const sealedBy = { kind: "passphrase", stretched_by: "scrypt 2^17 8 1", salt: salt.toString("base64") } as const;
    return { ...keysOf(id, secret), sealedBy };
  }
  const secret = random(32);
  const { masterKeyId, bytes } = await provider.wrap(secret, wrappedAs(id));
  const wrapped = Buffer.from(bytes).toString("base64");
  const sealedBy = { kind: "master_key", provider: provider.name, master_key_id: masterKeyId, wrapped } as const;
  return { ...keysOf(id, secret), sealedBy };
}

/** The key that opens a file. Throws {@link MovingProblem}. */
export async function findExportKey(
  { id, sealed_by: sealedBy, key_check: check }: ExportHeader,
  { provider, passphrase }: { provider: KeyProvider; passphrase: string | null },
): Promise<KeyObject> {
  const found = keysOf(id, await secretOf(id, sealedBy, provider, passphrase));
  const expected = Buffer.from(check, "base64");
  if (expected.length === found.check.length && timingSafeEqual(expected, found.check)) return found.key;
  if (sealedBy.kind === "master_key")
    throw new MovingProblem("export_damaged", "the header of the export was changed", DAMAGED);
  throw new MovingProblem(
    "export_wrong_passphrase",
    "the passphrase is not the one the export was sealed with, or its header was changed",
    "Give the passphrase that was given to `alter-vault export`.",
  );
}

async function secretOf(
  id: string,
  sealedBy: SealedBy,
  provider: KeyProvider,
  passphrase: string | null,
): Promise<Buffer> {
  if (sealedBy.kind === "passphrase") {
    if (passphrase !== null) return stretchPassphrase(passphrase, Buffer.from(sealedBy.salt, "base64"));
    throw new MovingProblem(
      "passphrase_needed",
      "the export is sealed with a passphrase",
      "Pass --passphrase-stdin or --passphrase-file FILE.",
    );
  }
  if (passphrase !== null)
    throw new MovingProblem(
      "passphrase_unneeded",
      "the export is sealed with the master key, and has no passphrase",
      "Leave the passphrase out.",
    );
  const wrapped = { masterKeyId: sealedBy.master_key_id, bytes: Buffer.from(sealedBy.wrapped, "base64") };
  try {
    return await provider.unwrap(wrapped, wrappedAs(id));
  } catch (error) {
    if (error instanceof MasterKeyMissing)
      throw new MovingProblem(
        "export_wrong_key",
        `the export is sealed with master key ${sealedBy.master_key_id}: ${error.message}`,
        "Put the master key of the vault that was exported in its place; it is kept apart from the export.",
        { cause: error },
      );
    throw new MovingProblem("export_damaged", "the key in the header of the export does not open", DAMAGED, {
      cause: error,
    });
  }
}

/** Not the form of a data key's id, so that neither can stand in for the other. */
function wrappedAs(id: string): string {
  return `export:${id}`;
}

function keysOf(id: string, secret: Buffer): { key: KeyObject; check: Buffer } {
  const derive = (what: string): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, id, `alter-vault/export/1/${what}`, 32));
  const keys = { key: createSecretKey(derive("key")), check: derive("check") };
  secret.fill(0);
  return keys;
}
