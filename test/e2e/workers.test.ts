import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer } from "node:net";
import { once } from "node:events";
import { getThrough, rawCall, signedMessage } from "../harness/raw-call.ts";
import { startServe, type ServeProcess } from "../harness/serve-process.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { runMain } from "../harness/run-main.ts";

const METRICS_TOKEN = "fake-metrics-token";
let vault: ServeProcess;
let upstream: Upstream;
let grantId: string;

beforeAll(async () => {
  vault = await startServe(["--workers", "3"], {
    ALTER_VAULT_METRICS_TOKEN: METRICS_TOKEN,
    ALTER_VAULT_DRAIN_MS: "300",
  });
  upstream = await startUpstream(async (call, response) => {
    if (call.url.startsWith("/slow")) await sleep(800);
    response.end(call.url);
  });
  const body = JSON.stringify({
    name: "s",
    injection: { kind: "bearer" },
    value: { kind: "bearer", token: "fake-token" },
    allowed_hosts: [upstream.origin],
  });
  const created = await rawCall(vault.url, vault.apiKey, { path: "/v1/secrets", body });
  grantId = (JSON.parse(created.body.toString()) as { grant_id: string }).grant_id;
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
});

/** Over a connection of its own, which stays open. */
async function callOver(agent: Agent, path: string): Promise<number> {
  const message = signedMessage(vault.url, vault.apiKey, { alter: getThrough(grantId, `${upstream.origin}${path}`) });
  const { statusCode, body } = await request(new URL(message.path, vault.url), {
    method: "POST",
    headers: message.headers,
    dispatcher: agent,
  });
  await body.dump();
  return statusCode;
}

async function callsByWorker(): Promise<Map<string, number>> {
  const answer = await fetch(`${vault.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const found = [...(await answer.text()).matchAll(/^alter_vault_calls_total\{(.*)\} (\d+)$/gm)];
  const counts = new Map<string, number>();
  for (const [, labels = "", count] of found) {
    if (!labels.includes('mode="proxy"') || !labels.includes('code="ok"')) continue;
    counts.set(/worker="(\d+)"/.exec(labels)?.[1] ?? "none", Number(count));
  }
  return counts;
}

test("it says once that it is ready, when all workers are", () => {
  expect(vault.printed.map((line) => JSON.parse(line) as unknown)).toEqual([
    { url: vault.url, dataDir: vault.dataDir, workers: 3 },
  ]);
  expect(vault.workers()).toHaveLength(3);
  const started = vault.log().filter(({ msg }) => msg === "started");
  expect(started).toMatchObject([{ count: 3 }]);
});

test("connections that are kept open spread over the workers, and the metrics of all are asked at any", async () => {
  const agents = Array.from({ length: 6 }, () => new Agent({ connections: 1, pipelining: 1 }));
  const before = await callsByWorker();
  for (let round = 0; round < 5; round++) {
    expect(await Promise.all(agents.map((agent) => callOver(agent, "/spread")))).toEqual(Array(6).fill(200));
  }
  const after = await callsByWorker();
  const gained = ["1", "2", "3"].map((worker) => (after.get(worker) ?? 0) - (before.get(worker) ?? 0));
  expect(gained.reduce((sum, count) => sum + count, 0)).toBe(30);
  for (const count of gained) expect(count).toBeGreaterThan(0);
  for (const agent of agents) await agent.close();
});

test("a worker that is killed is started again; its chain is taken up, and the others go on meanwhile", async () => {
  const [victim = 0] = vault.workers();
  const chains = (): Promise<{ writer: string; open: boolean }[]> =>
    vault.storage.query("", "SELECT writer, open FROM chains ORDER BY writer");
  const before = await chains();
  process.kill(victim, "SIGKILL");
  const from = performance.now();
  let failed = 0;
  while (performance.now() - from < 10_000) {
    const agent = new Agent();
    const status = await callOver(agent, "/meanwhile").catch(() => 0);
    if (status !== 200) failed++;
    await agent.destroy();
    if (vault.workers().length === 3 && !vault.workers().includes(victim)) break;
  }
  expect(failed, "what was dealt to the worker just then ends at once, and nothing else").toBeLessThanOrEqual(1);
  const startedAgain = () => vault.log().filter(({ msg }) => msg === "worker started again");
  await expect.poll(startedAgain, { timeout: 10_000 }).toHaveLength(1);
  expect(vault.log().filter(({ msg }) => msg === "worker ended")).toMatchObject([{ level: 50 }]);
  expect(vault.workers()).not.toContain(victim);
  expect((await chains()).map(({ writer }) => writer)).toEqual(before.map(({ writer }) => writer));
});

test("SIGTERM: calls are taken while it drains, open ones get their answers, and it ends with 0", async () => {
  const agents = Array.from({ length: 6 }, () => new Agent());
  // Kept open, and used no more.
  expect(await callOver(new Agent(), "/before")).toBe(200);
  const open = agents.map((agent) => callOver(agent, "/slow"));
  await sleep(300);
  vault.signal("SIGTERM");
  await sleep(100);
  expect((await fetch(`${vault.url}/readyz`)).status).toBe(503);
  expect(await callOver(new Agent(), "/while-draining")).toBe(200);
  expect(await Promise.all(open)).toEqual(Array(6).fill(200));
  const answered = performance.now();
  expect(await vault.ended).toBe(0);
  expect(performance.now() - answered, "idle connections do not hold up the stop").toBeLessThan(3_000);
  const chains = await vault.storage.query<{ open: boolean }>("", "SELECT open FROM chains");
  expect(chains.filter((chain) => chain.open)).toEqual([]);
  const verified = await runMain(["audit", "verify", "--data", vault.dataDir, "--json"], {
    ALTER_VAULT_DATABASE_URL: vault.storage.databaseUrl ?? "",
  });
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, chains: 3 });
});

test("workers stop when their primary is gone, and leave nothing open", async () => {
  const alone = await startServe(["--workers", "2"], { ALTER_VAULT_DRAIN_MS: "0" });
  const workers = alone.workers();
  alone.signal("SIGKILL");
  await alone.ended;
  await expect.poll(() => workers.filter((pid) => existsSync(`/proc/${pid}`)), { timeout: 10_000 }).toEqual([]);
  const chains = await alone.storage.query<{ open: boolean }>("", "SELECT open FROM chains");
  expect(chains).toEqual([{ open: false }, { open: false }]);
  await alone.stop();
});

test("the embedded storage is for one process: more are refused with what to do, and auto is one", async () => {
  const { code, stdout } = await runMain(["serve", "--workers", "2", "--data", vault.dataDir, "--json"], {});
  expect([code, JSON.parse(stdout)]).toMatchObject([2, { code: "config_invalid" }]);
  expect(stdout).toMatch(/embedded storage is for one process: set ALTER_VAULT_DATABASE_URL/);
  const wrong = await runMain(["serve", "--workers", "many", "--json"], {});
  expect([wrong.code, wrong.stdout]).toEqual([2, expect.stringContaining("ALTER_VAULT_WORKERS: auto, or from 1")]);
});

test("what hinders the workers is said once, and none is tried again", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const { code, stdout, stderr } = await runMain(
    ["serve", "--workers", "2", "--port", String(port), "--data", vault.dataDir],
    { ALTER_VAULT_DATABASE_URL: vault.storage.databaseUrl ?? "" },
  );
  taken.close();
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr.match(/code: {2}port_in_use/g)).toHaveLength(1);
});
