import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AlterVault } from "@alter-vault/sdk";
import {
  createLogger,
  initDataDir,
  loadConfig,
  startLocalVault,
  systemSurroundings,
  type LocalVault,
} from "@alter-vault/server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startBalancer, type Balancer } from "../harness/balancer.ts";
import { operatorAt } from "../harness/operator-at.ts";
import { freePort } from "../harness/postgres.ts";
import { createPostgresStorage } from "../harness/test-storage.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { VERSIONS, type Version } from "../harness/version.ts";

/*
 * An upgrade as an operator does it: replicas behind something that spreads the calls, replaced one by one under load.
 * Every call succeeds, each is made once, and each is in the log.
 */
const around = systemSurroundings(createLogger("silent"));
const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-rolling-"));
let storage: Awaited<ReturnType<typeof createPostgresStorage>>;
let upstream: Upstream;
let balancer: Balancer;
let apiKey: string;
let grantId: string;
let ports: number[];
const replicas = new Map<number, LocalVault>();

async function start(port: number, version: Version): Promise<void> {
  const settings = {
    ALTER_VAULT_DATA: dataDir,
    ALTER_VAULT_DATABASE_URL: storage.databaseUrl,
    ALTER_VAULT_PORT: String(port),
    ALTER_VAULT_DRAIN_MS: "400",
    ALTER_VAULT_UNSAFE_ALLOW_LOOPBACK_UPSTREAMS: "1",
  };
  replicas.set(
    port,
    await startLocalVault(loadConfig("serve", settings, {}), { ...around, migrations: VERSIONS[version] }),
  );
}

/** Takes one down as SIGTERM does, and starts one of that version in its place. */
async function replace(port: number, version: Version): Promise<void> {
  await replicas.get(port)?.stop();
  await start(port, version);
  await sleep(300);
}

beforeAll(async () => {
  storage = await createPostgresStorage();
  upstream = await startUpstream(async (call, response) => {
    await sleep(Math.random() * 30);
    response.end(call.url);
  });
  const config = loadConfig("serve", { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_DATABASE_URL: storage.databaseUrl }, {});
  apiKey = await initDataDir(config, around);
  ports = await Promise.all(Array.from({ length: 3 }, freePort));
  for (const port of ports) await start(port, "this");
  balancer = await startBalancer(ports);
  const url = `http://127.0.0.1:${ports[0]}`;
  const operator = operatorAt(url, apiKey);
  const created = await operator.call("createSecret", {
    body: {
      name: "s",
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token" },
      allowed_hosts: [upstream.origin],
    },
  });
  await operator.close();
  grantId = created.grant_id;
});
afterAll(async () => {
  await balancer.close();
  for (const replica of replicas.values()) await replica.stop();
  await upstream.close();
  await storage.drop();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(() => void (upstream.calls.length = 0));

interface Load {
  readonly calls: number;
  readonly failures: readonly string[];
}

/** Calls all the while, half of them with effects. */
async function underLoad(work: () => Promise<void>): Promise<Load> {
  const sdk = new AlterVault({ apiKey, baseUrl: balancer.url, caller: "rolling" });
  const failures: string[] = [];
  let calls = 0;
  let isOver = false;
  const callOnAndOn = async (): Promise<void> => {
    while (!isOver) {
      const id = ++calls;
      const method = id % 2 === 0 ? "POST" : "GET";
      try {
        const response = await sdk.request(method, `${upstream.origin}/call-${id}`, { grantId });
        if ((await response.text()) !== `/call-${id}`) failures.push(`call ${id}: ${response.status}`);
      } catch (error) {
        failures.push(`call ${id}: ${String(error)}`);
      }
    }
  };
  const callers = Array.from({ length: 8 }, callOnAndOn);
  await work();
  isOver = true;
  await Promise.all(callers);
  await sdk.close();
  return { calls, failures };
}

async function expectAllMadeOnce({ calls, failures }: Load): Promise<void> {
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(100);
  expect(new Set(upstream.calls.map(({ url }) => url)).size).toBe(calls);
  expect(upstream.calls).toHaveLength(calls);
  const logged = await storage.query<{ path: string }>(
    "",
    "SELECT DISTINCT substring(body from '/call-[0-9]+') AS path FROM log WHERE kind = 'entry' AND body LIKE '%/call-%'",
  );
  const paths = new Set(logged.map(({ path }) => path));
  expect(upstream.calls.filter(({ url }) => !paths.has(url))).toEqual([]);
}

test("replicas are replaced one by one under load, and no call fails", async () => {
  await expectAllMadeOnce(
    await underLoad(async () => {
      for (const port of ports) await replace(port, "this");
    }),
  );
});

test("the next version takes over under load: old ones go on beside the schema it has expanded", async () => {
  await expectAllMadeOnce(
    await underLoad(async () => {
      const [first = 0, ...others] = ports;
      await replace(first, "next");
      expect(await storage.query("", "SELECT name FROM migrations ORDER BY id DESC LIMIT 1")).toEqual([
        { name: "expand" },
      ]);
      // Both versions side by side, for a while; one of the old version even starts there.
      await sleep(1_000);
      await replace(others[0] ?? 0, "this");
      await sleep(500);
      for (const port of others) await replace(port, "next");
    }),
  );
});

test("the version after that takes away what only the first one needed, and the first one is refused by name", async () => {
  await expectAllMadeOnce(
    await underLoad(async () => {
      for (const port of ports) await replace(port, "last");
    }),
  );
  await expect(start(await freePort(), "this")).rejects.toMatchObject({ name: "StorageTooNew" });
});
