/**
 * A vault for tests of programs that use one: the real one, with its database in memory, a clock that stands still, and
 * fake providers behind every connection it opens. It listens on this machine and reaches nothing beyond.
 */
import { randomBytes } from "node:crypto";
import type { AuditEntry, ErrorCode } from "@alter-vault/protocol";
import { AlterVault, type AlterVaultOptions } from "@alter-vault/sdk";
import { createLogger, createVaultClient, startMemoryVault, systemSurroundings } from "@alter-vault/server";
import { createFakeApi, type FakeApi, type FakeApiOptions, type FakeApiServer } from "./fake-api.ts";
import { fakeEntry } from "./fake-entry.ts";
import { createFakeIdp } from "./fake-idp.ts";
import { startFakeNetwork } from "./fake-network.ts";
import { createRefusals, type RefusalOptions } from "./refusals.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

export interface TestVaultOptions {
  /** What time it is, as milliseconds or a date. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number | Date;
  /** An empty PostgreSQL database that the vault uses. Default: it keeps everything in memory. */
  readonly databaseUrl?: string;
}

export interface TestVault {
  readonly url: string;
  /** A key with every scope. */
  readonly apiKey: string;
  /** Of the vault; the program under test has its own. */
  readonly clock: TestClock;
  /** An AlterVault for the program under test. */
  sdk(options?: Partial<AlterVaultOptions>): AlterVault;
  /** A provider nobody is connected to yet; calls find that there is no grant, and a link to connect. */
  provider(id: string, options?: FakeApiOptions): Promise<FakeApi>;
  /** A user of the program signs in. Resolves with their JWT, good for an hour. */
  signIn(subject: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The user connects. Resolves with the id of the grant, which is that user's, or, without a token, the app's. */
  connect(provider: string, userToken?: string): Promise<string>;
  /** Ends a grant, as a user or an operator does. */
  revoke(grantId: string): Promise<void>;
  /** The provider's token is replaced, here and there: the next call has the new one. */
  rotate(provider: string): Promise<void>;
  /** Calls are refused with this code instead of reaching the vault, until `lift()`. */
  refuse(code: ErrorCode, options?: RefusalOptions): { lift(): void };
  /** Calls need the approval of a person, until `approve()`. */
  requireApproval(options?: Omit<RefusalOptions, "details">): UserAction;
  /** Calls to providers, oldest first, after every outcome that is due was written. */
  calls(): Promise<readonly AuditEntry[]>;
  stop(): Promise<void>;
}

export interface UserAction {
  readonly id: string;
  approve(): void;
}

export async function createTestVault(options: TestVaultOptions = {}): Promise<TestVault> {
  const clock = createTestClock(Number(options.now ?? Date.UTC(2026, 0, 1)));
  const apis = new Map<string, FakeApiServer>();
  const idp = createFakeIdp(() => clock.now());
  const network = await startFakeNetwork(apis, idp);
  const around = { ...systemSurroundings(createLogger("silent")), clock, connect: network.connect };
  const memory = await startMemoryVault(around, { databaseUrl: options.databaseUrl });
  const { url, apiKey } = memory;
  const client = { url, apiKey, app: undefined, certificateSha256: null, clock, random: randomBytes };
  const operator = createVaultClient(client);
  const refusals = createRefusals();
  const opened: AlterVault[] = [];
  const secrets = new Map<string, string>();
  let approvals = 0;
  let connected = 0;
  let idpKnown: Promise<unknown> | undefined;

  function apiOf(provider: string): FakeApiServer {
    const api = apis.get(provider);
    if (!api) throw new Error(`there is no provider "${provider}" in this test; make it with provider("${provider}")`);
    return api;
  }

  async function calls(): Promise<readonly AuditEntry[]> {
    for (;;) {
      const { entries } = await operator.call("listAudit", { query: { limit: 1000 } });
      const requests = entries.filter(({ kind, action }) => kind === "request" && action !== "preview");
      if (requests.every(({ outcome }) => outcome !== "pending")) return requests.toReversed();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  return {
    url,
    apiKey,
    clock,
    calls,
    sdk(more = {}) {
      const sdk = new AlterVault({ apiKey, baseUrl: url, caller: "test-agent", fetch: refusals.fetch, ...more });
      opened.push(sdk);
      return sdk;
    },
    async provider(id, given = {}) {
      if (apis.has(id)) throw new Error(`there is a provider "${id}" in this test already`);
      const api = createFakeApi(id, newToken(), given);
      apis.set(id, api);
      const { providers } = await operator.call("listProviders", {});
      if (!providers.some(({ provider_id: known }) => known === id)) {
        await operator.call("addProvider", { body: { definition: fakeEntry(id, api.hosts) } });
      }
      const body = { client_id: "fake-client-id", client_secret: "fake-client-secret" };
      await operator.call("putProviderConfig", { id, body });
      return api;
    },
    async signIn(subject, claims) {
      idpKnown ??= operator.call("createIdentityProvider", { body: { issuer: idp.issuer, audiences: [idp.audience] } });
      await idpKnown;
      return idp.tokenFor(subject, claims);
    },
    async connect(provider, userToken) {
      const { token, hosts } = apiOf(provider);
      const created = await operator.call("createSecret", {
        body: {
          name: `${provider} ${++connected}`,
          provider,
          injection: { kind: "bearer" },
          value: { kind: "bearer", token },
          allowed_hosts: [...hosts],
        },
      });
      secrets.set(provider, created.secret_id);
      if (userToken === undefined) return created.grant_id;
      const principal = { type: "user" as const, user_token: userToken, label: "of a test" };
      const own = await operator.call("createGrant", { id: created.secret_id, body: { principal } });
      await operator.call("revokeGrant", { id: created.grant_id, body: {} });
      return own.grant_id;
    },
    async revoke(grantId) {
      await operator.call("revokeGrant", { id: grantId, body: {} });
    },
    async rotate(provider) {
      const api = apiOf(provider);
      const id = secrets.get(provider);
      if (id === undefined) throw new Error(`nobody has connected "${provider}"`);
      api.token = newToken();
      await operator.call("rotateSecret", { id, body: { value: { kind: "bearer", token: api.token } } });
    },
    refuse: (code, more = {}) => refusals.add(code, more),
    requireApproval(more = {}) {
      const id = `fake-approval-${++approvals}`;
      const details = { approval_id: id, approval_url: `${url}/approve#fake-${id}` };
      const refusal = refusals.add("approval_required", { ...more, details });
      return { id, approve: () => refusal.lift() };
    },
    async stop() {
      for (const sdk of opened) await sdk.close();
      await operator.close();
      await memory.stop();
      await network.close();
    },
  };
}

function newToken(): string {
  return `fake-token-${randomBytes(12).toString("hex")}`;
}
