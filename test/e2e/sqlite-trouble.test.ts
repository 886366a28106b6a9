import { spawnSync } from "node:child_process";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { getThrough, rawCall, type RawAnswer } from "../harness/raw-call.ts";
import { runMain } from "../harness/run-main.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

/*
 * The embedded database in trouble: a named error that may be tried again, nothing reaches the provider that is not in
 * the log, and when the disk is well, so is the vault, without anybody doing anything.
 */
let vault: VaultProcess;
let upstream: Upstream;
let grantId: string;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
beforeEach(async () => {
  upstream.calls.length = 0;
  vault = await startVaultProcess();
  grantId = await vault.bearer("fake-token", upstream.origin);
  expect((await call("/well")).status).toBe(200);
});
afterEach(() => vault.stop());

const call = (path: string): Promise<RawAnswer> =>
  rawCall(vault.url, vault.apiKey, { alter: getThrough(grantId, `${upstream.origin}${path}`) });

async function expectRefused(path: string): Promise<void> {
  const { status, problem } = await call(path);
  expect([status, problem?.code, problem?.retryable]).toEqual([503, "audit_unavailable", true]);
  expect(upstream.calls.map(({ url }) => url)).not.toContain(path);
}

async function expectWellAndRecorded(): Promise<void> {
  expect((await call("/again")).status).toBe(200);
  const report = await rawCall(vault.url, vault.apiKey, { path: "/v1/audit/verify" });
  expect(JSON.parse(report.body.toString())).toMatchObject({ ok: true, problems: [] });
  const rows = await vault.query<{ body: string }>("SELECT body FROM log WHERE kind = 'entry'");
  for (const { url } of upstream.calls) expect(rows.some(({ body }) => body.includes(url))).toBe(true);
}

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;
test.runIf(hasPrlimit)("full: calls are refused until there is room", async () => {
  vault.limitFiles(statSync(join(vault.dataDir, "vault.db-wal")).size);
  // What fits is written; the rows of a few calls do not.
  let refused = 0;
  for (let n = 0; n < 20 && refused < 3; n++) {
    const { status, problem } = await call(`/full-${n}`);
    if (status === 200) continue;
    expect(problem?.code).toBe("audit_unavailable");
    expect(upstream.calls.map(({ url }) => url)).not.toContain(`/full-${n}`);
    refused++;
  }
  expect(refused).toBe(3);
  await expectRefused("/no-room");
  vault.limitFiles(null);
  await expectWellAndRecorded();
});

test("locked by another program: calls wait for five seconds, are refused, and go through when it lets go", async () => {
  const other = new DatabaseSync(join(vault.dataDir, "vault.db"));
  other.exec("BEGIN IMMEDIATE");
  const from = performance.now();
  await expectRefused("/locked");
  expect(performance.now() - from).toBeGreaterThan(4_000);
  other.exec("ROLLBACK");
  other.close();
  await expectWellAndRecorded();
});

test("not a database, or not to be written: it does not start, and says so by name", async () => {
  await vault.terminate();
  const path = join(vault.dataDir, "vault.db");
  const serve = (): ReturnType<typeof runMain> =>
    runMain(["serve", "--port", "0", "--data", vault.dataDir, "--json"], {});
  if (process.getuid?.() !== 0) {
    chmodSync(path, 0o444);
    const readOnly = await serve();
    expect([readOnly.code, JSON.parse(readOnly.stdout)]).toMatchObject([1, { code: "storage_unavailable" }]);
    chmodSync(path, 0o600);
  }
  writeFileSync(path, "this is no database, but it is long enough to be looked at as if it were one ".repeat(20));
  const broken = await serve();
  expect([broken.code, JSON.parse(broken.stdout)]).toMatchObject([1, { code: "storage_unavailable" }]);
  expect(broken.stdout).not.toContain("no database, but");
});
