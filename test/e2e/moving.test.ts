import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createLogger,
  initDataDir,
  loadConfig,
  startLocalVault,
  systemSurroundings,
  type LocalVault,
} from "@alter-vault/server";
import { AlterVault } from "@alter-vault/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getThrough, rawCall, sendMessage, signedMessage, type RawAnswer } from "../harness/raw-call.ts";
import { runCommand } from "../harness/run-command.ts";
import { createStorage, onPostgres, type TestStorage } from "../harness/test-storage.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

/*
 * A vault moves house, and comes back from its backup: with the real command line, on this run's storage.
 */
const root = mkdtempSync(join(tmpdir(), "alter-vault-moving-"));
const storages: TestStorage[] = [];
let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream((_call, response) => void response.end("ok"));
});
afterAll(async () => {
  await upstream.close();
  for (const storage of storages) await storage.drop();
  rmSync(root, { recursive: true, force: true });
});

let places = 0;
/** An empty folder with the keys of a vault, and an empty storage. */
async function emptyHouse(keysFrom: string, isPostgres: boolean): Promise<{ dataDir: string; storage: TestStorage }> {
  const dataDir = mkdtempSync(join(root, `house-${++places}-`));
  for (const name of ["master.key", "operator.key"]) copyFileSync(join(keysFrom, name), join(dataDir, name));
  const storage = await createStorage(isPostgres);
  storages.push(storage);
  return { dataDir, storage };
}

interface Acknowledged {
  readonly requestIds: string[];
  readonly grantIds: string[];
}

/** Calls and stores until it is told to stop; what was answered is in `acknowledged` at once. */
function load(
  vault: VaultProcess,
  grantId: string,
  until: AbortSignal,
): { acknowledged: Acknowledged; end: Promise<unknown> } {
  const acknowledged: Acknowledged = { requestIds: [], grantIds: [] };
  const { url, apiKey } = vault;
  const client = async (): Promise<void> => {
    while (!until.aborted) {
      const target = `${upstream.origin}/call-${crypto.randomUUID()}`;
      const answer = await rawCall(url, apiKey, { alter: getThrough(grantId, target) }).catch(() => null);
      if (answer?.status === 200) acknowledged.requestIds.push(String(answer.headers["alter-request-id"]));
    }
  };
  const writer = async (): Promise<void> => {
    while (!until.aborted) {
      const stored = await vault.bearer("fake-token-moving", upstream.origin).catch(() => null);
      if (stored) acknowledged.grantIds.push(stored);
    }
  };
  return { acknowledged, end: Promise.all([client(), client(), client(), writer()]) };
}

/** As the SDK does: signs for the time the vault names, when it names one. */
async function patientCall(vault: { url: string; apiKey: string }, path: string, grantId: string): Promise<RawAnswer> {
  const call = { alter: getThrough(grantId, `${upstream.origin}${path}`) };
  const first = await rawCall(vault.url, vault.apiKey, call);
  const { server_time: created } = first.problem ?? {};
  return created === undefined ? first : rawCall(vault.url, vault.apiKey, { ...call, created });
}

test("rehearsal: backup under load, kill -9, restore into an empty folder", { timeout: 120_000 }, async () => {
  const vault = await startVaultProcess();
  const grantId = await vault.bearer("fake-token-moving", upstream.origin);
  const stop = new AbortController();
  const { acknowledged, end } = load(vault, grantId, stop.signal);
  await sleep(1_000);
  const before = { requestIds: [...acknowledged.requestIds], grantIds: [...acknowledged.grantIds] };
  expect(before.requestIds.length).toBeGreaterThan(20);
  expect(before.grantIds.length).toBeGreaterThan(2);

  const file = join(root, "backup.export");
  const backup = await runCommand(["backup", file, "--data", vault.dataDir, "--json"], vault.settings);
  expect([backup.code, backup.stderr]).toEqual([0, ""]);
  const { counts } = JSON.parse(backup.stdout) as { counts: Record<string, number> };
  const atBackup = acknowledged.requestIds.length;
  await sleep(300);
  expect(acknowledged.requestIds.length, "the vault went on serving").toBeGreaterThan(atBackup);
  await vault.kill();
  stop.abort();
  await end;

  const late = await runCommand(["export", join(root, "late.export"), "--data", vault.dataDir], vault.settings);
  expect([late.code, late.stderr], "what a killed vault left can be exported, too").toEqual([0, ""]);

  const house = await emptyHouse(vault.dataDir, onPostgres);
  const restore = await runCommand(["restore", file, "--data", house.dataDir, "--json"], house.storage.settings);
  expect([restore.code, restore.stderr]).toEqual([0, ""]);
  const report = JSON.parse(restore.stdout) as {
    records: { table: string; exported: number; imported: number }[];
    audit: { ok: boolean; problems: unknown[] };
    sealed: { total: number; opened: number };
  };
  expect(Object.fromEntries(report.records.map(({ table, imported }) => [table, imported]))).toEqual(counts);
  expect(report.audit).toMatchObject({ ok: true, problems: [] });
  expect(report.sealed.opened).toBe(report.sealed.total);
  expect(report.sealed.total).toBeGreaterThan(before.grantIds.length);

  const restored = await startVaultProcess(house);
  try {
    const entries = await restored.query<{ entry_id: string }>("SELECT entry_id FROM log WHERE kind = 'entry'");
    const ids = new Set(entries.map(({ entry_id: id }) => id));
    expect(before.requestIds.filter((id) => !ids.has(id))).toEqual([]);
    const grants = await restored.query<{ id: string }>("SELECT id FROM grants");
    const known = new Set(grants.map(({ id }) => id));
    expect(before.grantIds.filter((id) => !known.has(id))).toEqual([]);

    const calls = upstream.calls.length;
    expect((await patientCall(restored, "/after", grantId)).status).toBe(200);
    expect((await patientCall(restored, "/after", before.grantIds.at(-1) ?? "")).status).toBe(200);
    expect(upstream.calls.slice(calls).map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 2 }, () => "Bearer fake-token-moving"),
    );
    await restored.terminate();
    const verified = await runCommand(["audit", "verify", "--data", house.dataDir], house.storage.settings);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/^The log is whole/)]);
    await restored.start();
  } finally {
    await restored.stop();
    await vault.stop();
  }
});

describe("a move to the other storage", () => {
  const around = systemSurroundings(createLogger("silent"));
  /** The address stays the same, as it does when a name is pointed elsewhere. */
  const PUBLIC = "http://vault.example";
  const file = join(root, "moved.export");
  let first: LocalVault;
  let from: { dataDir: string; storage: TestStorage };
  let apiKey: string;

  async function serve(dataDir: string, storage: TestStorage): Promise<LocalVault> {
    return startLocalVault(settingsOf(dataDir, storage), around);
  }
  const settingsOf = (dataDir: string, storage: TestStorage) =>
    loadConfig(
      "dev",
      { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ALTER_VAULT_PUBLIC_URL: PUBLIC, ...storage.settings },
      {},
    );
  const storeSecret = async (vault: LocalVault, name: string): Promise<string> => {
    const body = JSON.stringify({
      name,
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token-moving" },
      allowed_hosts: [upstream.origin],
    });
    const answer = await rawCall(vault.url, apiKey, { path: "/v1/secrets", body });
    return (JSON.parse(answer.body.toString()) as { grant_id: string }).grant_id;
  };

  beforeEach(async () => {
    rmSync(file, { force: true });
    const storage = await createStorage(onPostgres);
    storages.push(storage);
    from = { dataDir: mkdtempSync(join(root, "first-")), storage };
    apiKey = await initDataDir(settingsOf(from.dataDir, storage), around);
    first = await serve(from.dataDir, storage);
  });

  test("a captured request is not taken by the new vault, and the SDK goes on without a word", async () => {
    const grantId = await storeSecret(first, "one");
    const exporting = await runCommand(["export", file, "--data", from.dataDir], from.storage.settings);
    expect(exporting.code).toBe(0);
    // Used after the export, so its nonce is not in it; one of them by a clock as far ahead as any may be.
    const now = Math.floor(Date.now() / 1000);
    const captured = [now, now + 59].map((created) =>
      signedMessage(PUBLIC, apiKey, { alter: getThrough(grantId, `${upstream.origin}/captured`), created }),
    );
    for (const message of captured) expect((await sendMessage(first.url, message)).status).toBe(200);
    await first.stop();

    const house = await emptyHouse(from.dataDir, !onPostgres);
    const importing = await runCommand(["import", file, "--data", house.dataDir], house.storage.settings);
    expect([importing.code, importing.stderr]).toEqual([0, ""]);
    expect(importing.stdout).toMatch(/audit log +whole/);
    const second = await serve(house.dataDir, house.storage);
    const calls = upstream.calls.length;
    for (const message of captured) {
      const answer = await sendMessage(second.url, message);
      expect([answer.status, answer.problem?.code]).toEqual([401, "clock_skew"]);
    }
    expect(upstream.calls.length).toBe(calls);
    const refusals = await house.storage.query<{ body: string }>(
      house.dataDir,
      "SELECT body FROM log WHERE kind = 'entry' ORDER BY entry_id DESC LIMIT 2",
    );
    expect(refusals).toHaveLength(2);
    for (const { body } of refusals)
      expect(JSON.parse(body)).toMatchObject({ decision: "deny", code: "clock_skew", kind: "refusal" });

    const sdk = new AlterVault({ apiKey, baseUrl: second.url, caller: "test-agent" });
    for (let call = 0; call < 5; call++)
      expect((await sdk.request("GET", `${upstream.origin}/sdk`, { grantId })).status).toBe(200);
    await sdk.close();
    const [news] = await house.storage.query<{ body: string }>(
      house.dataDir,
      "SELECT body FROM log WHERE kind = 'entry' AND body LIKE '%\"action\":\"import\"%'",
    );
    expect(JSON.parse(news?.body ?? "{}")).toMatchObject({ message: expect.stringMatching(/^export 01.*, imported /) });
    await second.stop();
  });

  test("a target that is not empty, a missing master key, and a running vault's folder are told", async () => {
    const run = async (...args: string[]): Promise<[number | null, unknown]> => {
      const ran = await runCommand([...args, "--json"], from.storage.settings);
      return [ran.code, (JSON.parse(ran.stdout) as { code?: string }).code];
    };
    expect((await run("export", file, "--data", from.dataDir))[0]).toBe(0);
    expect(await run("export", file, "--data", from.dataDir)).toEqual([5, "file_exists"]);
    const isBusy = onPostgres ? "target_not_empty" : "data_dir_busy";
    expect(await run("import", file, "--data", from.dataDir)).toEqual([5, isBusy]);
    await first.stop();
    expect(await run("import", file, "--data", from.dataDir)).toEqual([5, "target_not_empty"]);
    const empty = mkdtempSync(join(root, "empty-"));
    expect(await run("import", file, "--data", empty)).toEqual([1, "master_key_missing"]);
    expect(readdirSync(empty)).toEqual([]);
    expect(await run("export", join(root, "no-such-folder", "x"), "--data", from.dataDir)).toEqual([1, "failed"]);
  });

  test("a disk that is full ends it with nothing left behind", async () => {
    // What cannot be packed, so that the file is larger than the disk has room for.
    for (let n = 0; n < 30; n++) await storeSecret(first, `${n} ${randomBytes(40).toString("hex")}`);
    const outDir = mkdtempSync(join(root, "full-"));
    const out = join(outDir, "vault.export");
    const exporting = await runCommand(["export", out, "--data", from.dataDir, "--json"], from.storage.settings, 8);
    expect([exporting.code, (JSON.parse(exporting.stdout) as { code: string }).code]).toEqual([1, "disk_full"]);
    expect(readdirSync(outDir)).toEqual([]);
    await first.stop();

    expect((await runCommand(["export", file, "--data", from.dataDir], from.storage.settings)).code).toBe(0);
    const house = await emptyHouse(from.dataDir, false);
    const importing = await runCommand(["import", file, "--data", house.dataDir, "--json"], house.storage.settings, 64);
    expect([importing.code, (JSON.parse(importing.stdout) as { code: string }).code]).toEqual([
      1,
      "storage_unavailable",
    ]);
    expect(readdirSync(house.dataDir).toSorted()).toEqual(["lock.db", "master.key", "operator.key"]);
  });

  test("an import that is killed leaves no vault, and is made again", async () => {
    await storeSecret(first, "one");
    await first.stop();
    expect((await runCommand(["export", file, "--data", from.dataDir], from.storage.settings)).code).toBe(0);
    const house = await emptyHouse(from.dataDir, !onPostgres);
    const { storage, dataDir } = house;
    // Where all is in, and nothing is kept yet.
    const killed = await runCommand(["import", file, "--data", dataDir], {
      ...storage.settings,
      NODE_OPTIONS: `--import ${new URL("../harness/kill-before-keep.ts", import.meta.url).href}`,
    });
    expect(killed.code).toBeNull();
    expect(existsSync(join(dataDir, "vault.db"))).toBe(false);
    const serving = await runCommand(["serve", "--data", dataDir, "--port", "0", "--json"], storage.settings);
    const expected = onPostgres ? "import_unfinished" : "not_initialized";
    expect([serving.code, (JSON.parse(serving.stdout) as { code: string }).code]).toEqual([1, expected]);
    expect((await runCommand(["import", file, "--data", dataDir], storage.settings)).code).toBe(0);
    const second = await serve(dataDir, storage);
    await second.stop();
  });
});
