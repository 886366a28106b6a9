import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuditVerification } from "@alter-vault/protocol";
import type { Store } from "../store/store.ts";
import { checkpointPublicKey, parseCheckpointLines } from "./checkpoints.ts";
import { verifyLog } from "./verify.ts";

/** Verifies the log of a data directory, with the checkpoints that lie beside the database. */
export async function verifyDataDir(store: Store, dataDir: string): Promise<AuditVerification> {
  const kept = await readFile(join(dataDir, "checkpoints.jsonl"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return verifyLog({
    store,
    publicKey: await checkpointPublicKey(store),
    kept: parseCheckpointLines(kept),
  });
}
