import { randomBytes } from "node:crypto";
import type { ConnectSession, ConnectSessionCreate } from "@alter-vault/protocol";
import { openAuditLog, type AuditLog } from "../audit/log.ts";
import { createRefusalLimit } from "../audit/refusal-limit.ts";
import { sealClientSecret } from "../credential/oauth/client-secret.ts";
import { createOAuth } from "../credential/oauth/oauth.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import { openKeyring } from "../crypto/keyring.ts";
import { createEgress } from "../egress/egress.ts";
import { DEFAULT_EGRESS_LIMITS } from "../egress/limits.ts";
import type { Asker } from "../identity/asker.ts";
import { createIds } from "../random.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { StorageUnavailable, type Store } from "../store/store.ts";
import { createConnect, type Connect } from "./connect.ts";
import type { Visitor } from "./session.ts";

/** Connect with everything that is real below it: store, log, keys, OAuth engine. Only the network is not there. */
export interface ConnectBench {
  readonly connect: Connect;
  readonly store: Store;
  readonly log: AuditLog;
  /** How often somebody wanted to speak to a provider. */
  readonly dialled: () => number;
  readonly clock: { at: number };
  /** Calls to the store so far; each is asked whether it is to fail. */
  readonly calls: () => number;
  fails: (call: number, method: string) => boolean;
  session(asked?: ConnectSessionCreate): Promise<ConnectSession>;
  /** What stands in the log, oldest first. */
  entries(): Promise<{ action: string; decision: string; code?: string }[]>;
  close(): Promise<void>;
}

export const APP = "01890000-0000-7000-8000-00000000000a";
/** The app itself, without a user. */
const asker: Asker = { appId: APP, keyId: "key", scopes: [], agent: null, user: null, session: null };
export const NOBODY: Visitor = { address: "127.0.0.1", cookies: new Map() };

const keyProvider: KeyProvider = {
  name: "test",
  wrap: (bytes) => Promise.resolve({ masterKeyId: "one", bytes: Buffer.from(bytes) }),
  unwrap: ({ bytes }) => Promise.resolve(Buffer.from(bytes)),
  rotate: () => Promise.reject(new Error("there is one key")),
  forget: () => Promise.resolve(0),
  masterKeys: () => [],
};

export async function startConnectBench(publicUrl = "https://vault.example.com"): Promise<ConnectBench> {
  const real = openSqliteStore(":memory:");
  const time = { at: Date.UTC(2026, 10, 25) };
  const clock = { now: () => time.at, monotonic: () => performance.now() };
  const newId = createIds(clock, randomBytes);
  let calls = 0;
  let dialled = 0;
  const store = new Proxy(real, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function" || name === "close") return method;
      return async (...input: unknown[]) => {
        if (bench.fails(++calls, String(name))) throw new StorageUnavailable("disk I/O error");
        return (method as (...given: unknown[]) => unknown).apply(target, input);
      };
    },
  });
  const bench: ConnectBench = {
    store: real,
    clock: time,
    calls: () => calls,
    dialled: () => dialled,
    fails: () => false,
    get connect() {
      return connect;
    },
    get log() {
      return log;
    },
    async session(asked = {}) {
      const plan = await connect.planSession(asker, asked);
      if (!plan.ok) throw new Error(`${plan.code}: ${plan.detail}`);
      const done = await plan.run();
      if (!done.ok) throw new Error(done.detail);
      return done.body as ConnectSession;
    },
    async entries() {
      await log.flush();
      const rows = await real.readChain("main", 0, 10_000);
      return rows
        .filter(({ kind }) => kind === "entry")
        .map(({ body }) => JSON.parse(body) as { action: string; decision: string; code?: string });
    },
    async close() {
      bench.fails = () => false;
      await oauth.close();
      await egress.close();
      await log.close();
      await real.close();
    },
  };

  await real.insertApp({ id: APP, name: "acme", createdAt: time.at });
  const keyring = await openKeyring({ store: real, provider: keyProvider, clock, random: randomBytes, newId });
  const log = await openAuditLog({ store, clock, newId, writer: "main" });
  const egress = createEgress({
    allowLoopback: false,
    limits: DEFAULT_EGRESS_LIMITS,
    random: () => 0.5,
    now: () => clock.monotonic(),
    connect(_options, callback) {
      dialled++;
      setImmediate(() =>
        callback(Object.assign(new Error("there is no network here"), { code: "ECONNREFUSED" }), null),
      );
    },
  });
  const common = { store, keyring, log, clock, random: randomBytes, newId, allowLoopback: false };
  const oauth = createOAuth({ ...common, egress });
  const connect = createConnect({
    ...common,
    engine: oauth.engine,
    refusalLimit: createRefusalLimit(1, 3),
    publicUrl: () => publicUrl,
  });
  for (const provider of ["github", "shopify"]) {
    const id = newId();
    await real.putProviderConfig({
      id,
      appId: APP,
      provider,
      clientId: "fake-client",
      sealedClient: await sealClientSecret(keyring, APP, id, { client_secret: "fake-secret" }),
      hasClientSecret: true,
      hasPrivateKey: false,
      variables: {},
      allowedScopes: null,
      defaultScopes: [],
      redirectUri: null,
      grantSchema: null,
      createdAt: time.at,
      updatedAt: time.at,
    });
  }
  return bench;
}
