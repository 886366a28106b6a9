import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectedGrant } from "@alter-vault/protocol";
import { createLogger, initDataDir, loadConfig, systemSurroundings, type VaultClient } from "@alter-vault/server";
import type { Failure } from "../../packages/server/src/call.ts";
import type { Begun, Connected } from "../../packages/server/src/credential/oauth/engine.ts";
import { openKeyFile } from "../../packages/server/src/crypto/file-key-provider.ts";
import { startVault } from "../../packages/server/src/start.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import type { OAuthCredentialRecord } from "../../packages/server/src/store/oauth-records.ts";
import type { Store } from "../../packages/server/src/store/store.ts";
import { startFakeProvider, type FakeProvider } from "./fake-provider/fake-provider.ts";
import { variablesFrom, type Registration } from "./fake-provider/registration.ts";
import { operatorAt } from "./operator-at.ts";
import { getThrough, rawCall, type RawAnswer } from "./raw-call.ts";
import type { PartsPlace } from "./oauth-parts.ts";
import { connectByLink, consentAt } from "./scripted-user.ts";
import { createTestStorage, type TestStorage } from "./test-storage.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

/** A real vault whose connections all lead to the fake provider, both on one clock that a test can send ahead. */
export interface OAuthVault {
  readonly url: string;
  readonly apiKey: string;
  readonly appId: string;
  /** What is stored, past the vault. Places for values are question marks. */
  query<T>(sql: string, ...values: string[]): Promise<T[]>;
  readonly dataDir: string;
  readonly clock: TestClock;
  readonly fake: FakeProvider;
  readonly store: Store;
  readonly operator: VaultClient;
  /**
   * Registers the app at a provider of the catalogue, and tells the vault. Up to three scopes of the entry are asked for
   * when a connection does not say.
   */
  configure(provider: string | Registration["provider"], options?: ConfigureOptions): Promise<Registration>;
  /** An app's link, and the user who follows it through Connect's pages. */
  connectByLink(provider: string): Promise<ConnectedGrant>;
  /** Sends the user there and back, without pages in between. Throws when that makes no grant. */
  connect(provider: string, options?: ConnectOptions): Promise<ConnectedGrant>;
  /** The same, for connections that are to fail. */
  tryConnect(provider: string, options?: ConnectOptions): Promise<Connected | Failure>;
  begin(provider: string, options?: ConnectOptions): Promise<Begun | Failure>;
  /** What the browser brought back, used up. */
  finish(provider: string, begun: Begun, callback: URL, options?: ConnectOptions): Promise<Connected | Failure>;
  /** A GET through the grant, signed by hand at the clock's own time. */
  call(grantId: string, target: string): Promise<RawAnswer>;
  credential(grantId: string): Promise<OAuthCredentialRecord | null>;
  /** The round the vault makes every few seconds by itself, now. */
  sweep(): Promise<unknown>;
  /** For a process that goes on where this vault stops. */
  readonly place: Omit<PartsPlace, "writesLog">;
  /** The vault ends; its data directory and the provider stay. */
  stopVault(): Promise<void>;
  stop(): Promise<void>;
}

export interface ConfigureOptions {
  /** Values of variables, instead of the entry's examples. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface ConnectOptions {
  /** Of the user; default: what is right. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  /** The user whose account it becomes. Default: the app's own. */
  readonly userId?: string;
}

export async function startOAuthVault(given?: TestStorage): Promise<OAuthVault> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-oauth-"));
  const clock = createTestClock();
  const around = { ...systemSurroundings(createLogger("silent")), clock };
  const fake = await startFakeProvider({ callbackUrl: () => `${publicUrl()}/oauth/callback`, now: () => clock.now() });
  const storage = given ?? (await createTestStorage());
  const config = loadConfig("dev", { ALTER_VAULT_DATA: dataDir, ...storage.settings }, {});
  const apiKey = await initDataDir(config, around);
  const store = await openStore(config, () => performance.now());
  const keyProvider = openKeyFile({ ...around, path: config.masterKeyPath });
  const publicUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const parts = { ...around, config, store, provider: keyProvider, publicUrl, connect: fake.connect };
  const vault = await startVault(parts);
  const server = createServer(vault.app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = publicUrl();
  const appId = (await store.listApps())[0]?.id ?? "";
  const operator = operatorAt(url, apiKey, clock);
  const { engine } = vault.oauth;

  const begin: OAuthVault["begin"] = (providerId, { scopes, variables } = {}) =>
    engine.begin({
      appId,
      providerId,
      scopes,
      variables: variables ?? variablesFrom(fake.at(providerId), "user"),
      state: randomBytes(32).toString("base64url"),
      callbackUrl: fake.at(providerId).callbackUrl,
    });
  const finish: OAuthVault["finish"] = (providerId, begun, callback, { userId } = {}) =>
    engine.finish({
      ...(userId === undefined ? {} : { principal: { type: "user", id: userId } }),
      appId,
      providerId,
      callback: callback.searchParams,
      askedScopes: begun.askedScopes,
      variables: begun.variables,
      secrets: begun.secrets,
      callbackUrl: fake.at(providerId).callbackUrl,
      policy: null,
    });
  const tryConnect: OAuthVault["tryConnect"] = async (providerId, options) => {
    const begun = await begin(providerId, options);
    return begun.ok ? finish(providerId, begun, await consentAt(fake, begun.url), options) : begun;
  };

  let stopped: Promise<void> | null = null;
  const stopVault = (): Promise<void> => (stopped ??= stopAll());
  async function stopAll(): Promise<void> {
    await operator.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    await vault.close();
  }

  return {
    url,
    apiKey,
    appId,
    query: (sql, ...values) => storage.query(dataDir, sql, ...values),
    dataDir,
    clock,
    fake,
    store,
    operator,
    begin,
    finish,
    tryConnect,
    async configure(given, { variables } = {}) {
      const registration = fake.at(given, variables);
      const { provider, clientId, clientSecret, privateKeyPem, redirectUri, callbackUrl } = registration;
      const asks = provider.authorize !== undefined && provider.authorize.scopeSeparator !== "none";
      await operator.call("putProviderConfig", {
        id: provider.id,
        body: {
          client_id: clientId,
          client_secret: clientSecret,
          private_key: privateKeyPem,
          variables: variablesFrom(registration, "operator"),
          default_scopes: asks ? provider.scopes.slice(0, 3).map(({ id }) => id) : [],
          ...(redirectUri === callbackUrl ? {} : { redirect_uri: redirectUri }),
        },
      });
      return registration;
    },
    async connectByLink(provider) {
      const { connect_url: connectUrl, session_token } = await operator.call("createConnectSession", {
        body: { allowed_providers: [provider] },
      });
      await connectByLink({ fake, connectUrl, provider, answers: variablesFrom(fake.at(provider), "user") });
      const { grants, error } = await operator.call("pollConnectSession", { body: { session_token } });
      const [grant] = grants;
      if (!grant) throw new Error(`${provider}: ${error?.code}: ${error?.detail}`);
      return grant;
    },
    async connect(providerId, options) {
      const connected = await tryConnect(providerId, options);
      if (!connected.ok) {
        const wrong = fake.violations.map(({ problem }) => problem).join("; ");
        throw new Error(`${providerId}: ${connected.code}: ${connected.detail} ${wrong}`);
      }
      return connected.grant;
    },
    call: (grantId, target) =>
      rawCall(url, apiKey, {
        alter: getThrough(grantId, target),
        created: Math.floor(clock.now() / 1000),
      }),
    credential: (grantId) => store.findOAuthCredential(appId, grantId),
    sweep: () => vault.oauth.refresher.sweep(),
    place: {
      databasePath: config.databasePath,
      databaseUrl: config.databaseUrl,
      masterKeyPath: config.masterKeyPath,
      fakePort: fake.port,
    },
    stopVault,
    async stop() {
      await stopVault();
      await fake.close();
      await storage.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
