import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { policy, rule } from "@alter-vault/protocol";
import { createLogger, initDataDir, loadConfig, systemSurroundings } from "@alter-vault/server";
import { openKeyFile } from "../../packages/server/src/crypto/file-key-provider.ts";
import { startVault, type RunningVault } from "../../packages/server/src/start.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import { StorageUnavailable, type Store } from "../../packages/server/src/store/store.ts";
import { getThrough, rawCall } from "../harness/raw-call.ts";
import { createTestStorage, type TestStorage } from "../harness/test-storage.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * The store fails at its N-th call, for every N that a request makes, once and for good. Whatever happens: a call that
 * reached the provider is in the log, a call that is not in the log did not reach the provider, and when the store is
 * well again, so is the vault.
 */
const TOKEN = "fake-token-fail-closed-0123456789";
const around = systemSurroundings(createLogger("silent"));

let folder: string;
let upstream: Upstream;
let server: Server;
let vault: RunningVault;
let real: Store;
let storage: TestStorage;
let url: string;
let apiKey: string;
let grantId: string;
let calls = 0;
let fails: (call: number) => boolean = () => false;

beforeEach(async () => {
  calls = 0;
  fails = () => false;
  folder = mkdtempSync(join(tmpdir(), "alter-vault-fail-"));
  upstream = await startUpstream();
  storage = await createTestStorage();
  const config = loadConfig("dev", { ALTER_VAULT_DATA: folder, ...storage.settings }, {});
  apiKey = await initDataDir(config, around);
  real = await openStore(config, () => around.clock.monotonic());
  const provider = openKeyFile({ ...around, random: randomBytes, path: config.masterKeyPath });
  vault = await startVault({ ...around, config, store: failing(real), provider, publicUrl: () => url });
  server = createServer(vault.app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const body = JSON.stringify({
    name: "s",
    injection: { kind: "bearer" },
    value: { kind: "bearer", token: TOKEN },
    allowed_hosts: [upstream.origin],
  });
  const created = await rawCall(url, apiKey, { path: "/v1/secrets", body });
  grantId = (JSON.parse(created.body.toString()) as { grant_id: string }).grant_id;
  await new Promise((resolve) => setTimeout(resolve, 60));
});
afterEach(async () => {
  fails = () => false;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  await vault.close();
  await storage.drop();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every method of the store counts as a call, and rejects when its turn is to fail. */
function failing(store: Store): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function" || name === "close" || name === "indexLog") return method;
      return async (...input: unknown[]) => {
        calls++;
        if (fails(calls)) throw new StorageUnavailable("disk I/O error");
        return (method as (...given: unknown[]) => unknown).apply(target, input);
      };
    },
  });
}

async function entriesOf(path: string): Promise<string[]> {
  const chains = (await real.chainWriters()).map((writer) => real.readChain(writer, 0, 10_000));
  const rows = (await Promise.all(chains)).flat();
  return rows.filter(({ kind, body }) => kind === "entry" && body.includes(`${path}"`)).map(({ body }) => body);
}

async function callOnce(path: string): Promise<{ status: number; code: string | undefined }> {
  const answer = await rawCall(url, apiKey, { alter: getThrough(grantId, `${upstream.origin}${path}`) });
  return { status: answer.status, code: answer.problem?.code };
}

/** Looked up, decided by and counted for with every call. */
async function publishRules(): Promise<void> {
  const document = policy({
    rules: [
      rule("no-admin")
        .when({ path: ["/admin/**"] })
        .deny("Hands off"),
      rule("calm").rateLimit({ calls: 1_000, window_seconds: 60, per: "grant" }),
      rule("few").concurrency({ calls: 100, per: "grant" }),
    ],
  });
  const published = await rawCall(url, apiKey, { path: "/v1/policy/publish", body: JSON.stringify({ document }) });
  expect(published.status).toBe(200);
}

test.each([
  ["without a policy", async () => undefined],
  ["with rules and a limit", publishRules],
])(
  "%s, for every call to the store: when it fails, nothing leaves the vault that is not in the log",
  async (_, set) => {
    await set();
    const before = calls;
    expect((await callOnce("/well")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const callsOfOneRequest = calls - before;
    expect(callsOfOneRequest).toBeGreaterThanOrEqual(3);
    for (const forGood of [false, true]) {
      for (let n = 1; n <= callsOfOneRequest; n++) {
        const path = `/n-${n}-${forGood}`;
        const start = calls;
        fails = (call) => (forGood ? call >= start + n : call === start + n);
        const { status, code } = await callOnce(path);
        await new Promise((resolve) => setTimeout(resolve, 30));
        fails = () => false;
        const reached = upstream.calls.filter((call) => call.url === path).length;
        const written = (await entriesOf(path)).filter((body) => body.includes('"decision":"allow"')).length;
        expect(reached, `call ${n} failing: ${status} ${code}`).toBeLessThanOrEqual(written);
        if (status !== 200) {
          expect(["audit_unavailable", "storage_unavailable"]).toContain(code);
          expect(reached).toBe(0);
        }
        expect((await callOnce(`${path}-after`)).status, "well again").toBe(200);
      }
    }
  },
);

test("a log that cannot be written: the answer is audit_unavailable and the provider is not called", async () => {
  const appendLog = real.appendLog.bind(real);
  real.appendLog = () => Promise.reject(new StorageUnavailable("disk full"));
  expect(await callOnce("/full")).toEqual({ status: 503, code: "audit_unavailable" });
  expect(upstream.calls).toEqual([]);
  real.appendLog = appendLog;
  expect((await callOnce("/space")).status).toBe(200);
});

test.each([
  ["a yes", "/fine", "allowed"],
  ["a no", "/admin/x", "denied"],
])(
  "a question whose answer is %s is answered only when the store could say and write what it takes",
  async (_, path, answer) => {
    await publishRules();
    const ask = () =>
      rawCall(url, apiKey, { path: "/v1/preview", alter: getThrough(grantId, `${upstream.origin}${path}`) });
    // The policy is read once.
    await ask();
    const before = calls;
    expect(JSON.parse((await ask()).body.toString())).toMatchObject({ decision: answer });
    const needed = calls - before;
    expect(needed).toBeGreaterThan(0);
    for (let at = 1; at <= needed; at++) {
      const from = calls + at;
      fails = (call) => call >= from;
      const refused = await ask();
      fails = () => false;
      expect([refused.status, refused.problem?.status], `fails at ${at}`).toEqual([503, 503]);
      expect(["audit_unavailable", "storage_unavailable"]).toContain(refused.problem?.code);
    }
    expect(JSON.parse((await ask()).body.toString())).toMatchObject({ decision: answer });
    expect(await entriesOf(path)).toHaveLength(answer === "denied" ? 3 : 0);
    expect(upstream.calls).toEqual([]);
  },
);
