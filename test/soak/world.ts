import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOAuthVault, type OAuthVault } from "../harness/oauth-vault.ts";
import { freePort, startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { storageAt, type TestStorage } from "../harness/test-storage.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startReplica, type Replica } from "./replica.ts";

/** All that takes part: a durable PostgreSQL, the providers, connected accounts, replicas. */
export interface World {
  readonly postgres: TestPostgres;
  readonly storage: TestStorage;
  readonly accounts: OAuthVault;
  readonly effects: Upstream;
  readonly replicas: readonly Replica[];
  readonly apiKey: string;
  /** A managed secret for the provider that counts effects. */
  readonly secretGrant: string;
  readonly oauthGrants: readonly OAuthGrant[];
  stop(): Promise<void>;
}

export interface OAuthGrant {
  readonly grantId: string;
  readonly apiUrl: string;
}

export const EFFECTS_HOST = "effects.example.com";

/** Their refresh tokens work once, and a used one that comes back ends the grant. */
const PROVIDERS = [
  { provider: "airtable", apiUrl: "https://api.airtable.com/v0/fake-probe" },
  { provider: "atlassian", apiUrl: "https://api.atlassian.com/fake-probe" },
  { provider: "linear", apiUrl: "https://api.linear.app/fake-probe" },
];

export async function startWorld(count: number): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "alter-vault-soak-"));
  const postgres = await startPostgres({ fsync: true });
  const storage = storageAt(postgres.url);
  const effects = await startUpstream((_call, response) => void response.end("done"));
  const accounts = await startOAuthVault(storage);
  const oauthGrants: OAuthGrant[] = [];
  for (const { provider, apiUrl } of PROVIDERS) {
    const { behaviour } = await accounts.configure(provider);
    // A process that is killed between the provider's answer and the database has lost the answer; real providers forgive it.
    behaviour.grace = "until-successor-is-used";
    behaviour.reuseEndsGrant = true;
    oauthGrants.push({ grantId: (await accounts.connect(provider)).grant_id, apiUrl });
  }
  const { grant_id: secretGrant } = await accounts.operator.call("createSecret", {
    body: {
      name: "effects",
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token-of-the-soak" },
      allowed_hosts: [EFFECTS_HOST],
    },
  });
  await accounts.stopVault();
  const { place, apiKey, fake } = accounts;
  const replicas = await Promise.all(
    Array.from({ length: count }, async (_, index) =>
      startReplica({
        dataDir: join(folder, `replica-${index}`),
        databaseUrl: postgres.url,
        masterKeyPath: place.masterKeyPath,
        port: await freePort(),
        fakePort: fake.port,
        effectsPort: Number(new URL(effects.origin).port),
      }),
    ),
  );
  return {
    postgres,
    storage,
    accounts,
    effects,
    replicas,
    apiKey,
    secretGrant,
    oauthGrants,
    async stop() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await accounts.stop();
      await effects.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
