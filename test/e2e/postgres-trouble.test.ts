import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { startPostgresVault, type PostgresVault } from "../harness/postgres-vault.ts";

/*
 * A database that does not do what it should. Whatever it is: a named error that may be tried again, nothing reaches the
 * provider that is not in the log, and when the database is well, so is the vault, without anybody doing anything.
 */
let postgres: TestPostgres;
let vault: PostgresVault;
let name = 0;
beforeAll(async () => {
  postgres = await startPostgres({ fsync: true });
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.run(`CREATE DATABASE vault_${++name}`);
  vault = await startPostgresVault(urlOf(name));
  expect((await vault.call("/well")).status).toBe(200);
});
afterEach(() => vault.stop());

const urlOf = (database: number): string => {
  const url = new URL(postgres.url);
  url.pathname = `/vault_${database}`;
  return url.href;
};
const inDatabase = (sql: string): Promise<void> => postgres.run(sql, `vault_${name}`);
/** For connections that are open already, too. */
async function setForAll(setting: string, value: string): Promise<void> {
  await postgres.run(`ALTER DATABASE vault_${name} SET ${setting} = '${value}'`);
  await postgres.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'vault_${name}'`);
}

const UNAVAILABLE = ["audit_unavailable", "storage_unavailable"];

/** The trouble is over; how long until calls go through again. */
async function msUntilWell(): Promise<number> {
  const from = performance.now();
  for (let attempt = 0; (await vault.call(`/again-${attempt}`)).status !== 200; attempt++) {
    if (performance.now() - from > 20_000) throw new Error("it does not recover");
    await sleep(50);
  }
  expect(await vault.ready()).toBe(200);
  return performance.now() - from;
}

async function expectNothingUnrecorded(): Promise<void> {
  const logged = new Set(await vault.logged());
  for (const { url } of vault.upstream.calls) expect(logged.has(url), `${url} is not in the log`).toBe(true);
}

async function expectRefused(path: string): Promise<void> {
  const { status, problem } = await vault.call(path);
  expect([status, UNAVAILABLE.includes(problem?.code ?? ""), problem?.retryable]).toEqual([503, true, true]);
  expect(vault.upstream.calls.map(({ url }) => url)).not.toContain(path);
}

test("restarted: calls are refused for a moment at most", async () => {
  const restarted = postgres.restart();
  const codes = new Set<unknown>();
  for (let attempt = 0; attempt < 20; attempt++) {
    const { status, problem } = await vault.call(`/during-${attempt}`);
    codes.add(status === 200 ? 200 : problem?.code);
  }
  await restarted;
  expect([200, ...UNAVAILABLE]).toEqual(expect.arrayContaining([...codes]));
  expect(await msUntilWell()).toBeLessThan(5_000);
  await expectNothingUnrecorded();
});

test("gone as in a power cut: refused, not ready, and well again when it is back", async () => {
  await postgres.halt();
  await sleep(900);
  await expectRefused("/gone");
  expect(await vault.ready()).toBe(503);
  await postgres.start();
  expect(await msUntilWell()).toBeLessThan(5_000);
  await expectNothingUnrecorded();
});

test("silent: the answer comes all the same, and late ones do no harm", { timeout: 60_000 }, async () => {
  postgres.pause();
  const refused = await Promise.all(["/silent-1", "/silent-2"].map((path) => vault.call(path)));
  postgres.resume();
  for (const { status, problem } of refused) {
    expect([status, UNAVAILABLE.includes(problem?.code ?? "")]).toEqual([503, true]);
  }
  expect(vault.upstream.calls.map(({ url }) => url)).toEqual(["/well"]);
  expect(await msUntilWell()).toBeLessThan(10_000);
  await expectNothingUnrecorded();
});

test("slow: calls take longer and succeed; a question that takes too long is given up, and refused", async () => {
  await inDatabase(`CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(current_setting('alter_vault.slow', true)::float); RETURN NEW; END $$`);
  await inDatabase("CREATE TRIGGER be_slow BEFORE UPDATE ON chains FOR EACH ROW EXECUTE FUNCTION be_slow()");
  await setForAll("alter_vault.slow", "0.7");
  // Connections were ended for it, and a call may have met one of them.
  await msUntilWell();
  const from = performance.now();
  expect((await vault.call("/slow")).status).toBe(200);
  expect(performance.now() - from).toBeGreaterThan(600);
  await setForAll("alter_vault.slow", "20");
  await expectRefused("/too-slow");
  await setForAll("alter_vault.slow", "0");
  expect(await msUntilWell()).toBeLessThan(10_000);
  await expectNothingUnrecorded();
});

test("full: refused, since nothing can be written down, and well again when there is room", async () => {
  await inDatabase(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`);
  await inDatabase("CREATE TRIGGER full_disk BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION full_disk()");
  await expectRefused("/full");
  await inDatabase("DROP TRIGGER full_disk ON log");
  expect(await msUntilWell()).toBeLessThan(5_000);
  await expectNothingUnrecorded();
});

test("for reading only, as a standby after a failover: refused until there is one that writes", async () => {
  await postgres.run("ALTER SYSTEM SET default_transaction_read_only = on");
  await postgres.run("SELECT pg_reload_conf()");
  await sleep(200);
  await expectRefused("/read-only");
  await postgres.restartWithout("default_transaction_read_only");
  expect(await msUntilWell()).toBeLessThan(5_000);
  await expectNothingUnrecorded();
});
