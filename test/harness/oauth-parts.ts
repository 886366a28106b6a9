import { openAuditLog, type AuditLog } from "../../packages/server/src/audit/log.ts";
import { createOAuth, type OAuth } from "../../packages/server/src/credential/oauth/oauth.ts";
import { openKeyFile } from "../../packages/server/src/crypto/file-key-provider.ts";
import { openKeyring } from "../../packages/server/src/crypto/keyring.ts";
import { createEgress, type Egress } from "../../packages/server/src/egress/egress.ts";
import { DEFAULT_EGRESS_LIMITS } from "../../packages/server/src/egress/limits.ts";
import { createLogger } from "../../packages/server/src/logger.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import type { Store } from "../../packages/server/src/store/store.ts";
import { systemSurroundings } from "../../packages/server/src/system.ts";
import { connectionOpener } from "./fake-provider/connection-opener.ts";

/**
 * What keeps grants alive, on the store and the keys of a data directory, without the rest of the vault around it.
 * Imports as little as it can: it is started hundreds of times.
 */
export interface OAuthParts {
  readonly store: Store;
  readonly egress: Egress;
  readonly oauth: OAuth;
  close(): Promise<void>;
}

export interface PartsPlace {
  readonly databasePath: string;
  /** Null: the embedded database at that path. */
  readonly databaseUrl: string | null;
  readonly masterKeyPath: string;
  readonly fakePort: number;
  /** False: several processes share the data directory, and its log has one writer. */
  readonly writesLog: boolean;
}

const NO_LOG: Pick<AuditLog, "record" | "outcome"> = {
  record: async () => "recorded",
  outcome: () => undefined,
};

export async function openOAuthParts({
  databasePath,
  databaseUrl,
  masterKeyPath,
  fakePort,
  writesLog,
}: PartsPlace): Promise<OAuthParts> {
  const around = systemSurroundings(createLogger("silent"));
  const store = await openStore({ databasePath, databaseUrl }, () => around.clock.monotonic());
  const provider = openKeyFile({ ...around, path: masterKeyPath });
  const keyring = await openKeyring({ ...around, store, provider });
  const log = writesLog ? await openAuditLog({ ...around, store, writer: "main" }) : null;
  const egress = createEgress({
    allowLoopback: false,
    limits: DEFAULT_EGRESS_LIMITS,
    random: () => around.random(4).readUInt32BE() / 2 ** 32,
    now: () => around.clock.monotonic(),
    connect: connectionOpener(fakePort),
  });
  const oauth = createOAuth({ ...around, store, keyring, egress, log: log ?? NO_LOG, allowLoopback: false });
  return {
    store,
    egress,
    oauth,
    async close() {
      await oauth.close();
      await egress.close();
      await log?.close();
      await store.close();
    },
  };
}
