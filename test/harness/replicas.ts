import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, initDataDir, loadConfig, systemSurroundings, type VaultClient } from "@alter-vault/server";
import { EFFECTS_HOST } from "../soak/world.ts";
import { startReplica, type Replica } from "../soak/replica.ts";
import { operatorAt } from "./operator-at.ts";
import { freePort } from "./postgres.ts";
import { createPostgresStorage, type TestStorage } from "./test-storage.ts";
import { startUpstream, type Answer, type Upstream } from "./upstream.ts";

/** Replicas in processes of their own on one database, a provider, and a grant for it. */
export interface Replicas {
  readonly all: readonly Replica[];
  readonly upstream: Upstream;
  readonly storage: TestStorage;
  readonly apiKey: string;
  readonly grantId: string;
  /** What the upstream is called by. */
  readonly target: string;
  /** Speaks to the last of them. */
  readonly operator: VaultClient;
  stop(): Promise<void>;
}

export async function startReplicas(count: number, answer: Answer): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), "alter-vault-replicas-"));
  const masterKeyPath = join(folder, "master.key");
  const storage = await createPostgresStorage();
  const upstream = await startUpstream(answer);
  const around = systemSurroundings(createLogger("silent"));
  const settings = { ...storage.settings, ALTER_VAULT_DATA: join(folder, "first") };
  const apiKey = await initDataDir(
    loadConfig("serve", { ...settings, ALTER_VAULT_MASTER_KEY_FILE: masterKeyPath }, {}),
    around,
  );
  const all = await Promise.all(
    Array.from({ length: count }, async (_, index) =>
      startReplica({
        dataDir: join(folder, `replica-${index}`),
        databaseUrl: storage.databaseUrl ?? "",
        masterKeyPath,
        port: await freePort(),
        fakePort: 9,
        effectsPort: Number(new URL(upstream.origin).port),
      }),
    ),
  );
  const url = all.at(-1)?.url ?? "";
  const operator = operatorAt(url, apiKey);
  const { grant_id: grantId } = await operator.call("createSecret", {
    body: {
      name: "effects",
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token-of-replicas-0123" },
      allowed_hosts: [EFFECTS_HOST],
    },
  });
  return {
    all,
    upstream,
    storage,
    apiKey,
    grantId,
    target: `https://${EFFECTS_HOST}`,
    operator,
    async stop() {
      await operator.close();
      await Promise.all(all.map((replica) => replica.stop()));
      await upstream.close();
      await storage.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
