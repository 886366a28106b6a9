import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditVerification } from "@alter-vault/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { readOperatorKey, startLocalVault, type LocalVault } from "../local-vault.ts";
import { createTestDatabase, type TestDatabase } from "../store/postgres/database.test-support.ts";
import { around, json, run } from "./run-cli.test-support.ts";
import { createVaultClient, type VaultClient } from "./vault-client.ts";

/** The command line on a PostgreSQL database: two replicas with a directory each, and commands beside them. */
const root = mkdtempSync(join(tmpdir(), "alter-vault-postgres-cli-"));
const [first, second] = [join(root, "first"), join(root, "second")];
let database: TestDatabase;
let env: Record<string, string>;
const replicas: LocalVault[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  env = { ALTER_VAULT_DATABASE_URL: database.url };
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await database.drop();
  rmSync(root, { recursive: true, force: true });
});

async function serve(dataDir: string): Promise<LocalVault> {
  const config = loadConfig(
    "serve",
    { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ALTER_VAULT_DRAIN_MS: "0", ...env },
    {},
  );
  const vault = await startLocalVault(config, around);
  replicas.push(vault);
  return vault;
}

function clientOf(vault: LocalVault): VaultClient {
  const { clock, random } = around;
  const apiKey = readOperatorKey(first) ?? "";
  return createVaultClient({ url: vault.url, apiKey, app: undefined, certificateSha256: null, clock, random });
}

test("before init there is no vault in the database, and doctor says so", async () => {
  const { code, answer } = await json<{ code: string }>(["api-keys", "list", "--data", first], { env });
  expect([code, answer.code]).toEqual([1, "not_initialized"]);
  mkdirSync(first, { mode: 0o700 });
  const doctor = await run(["doctor", "--data", first], { env });
  expect(doctor.stdout).toMatch(/fail {2}database +PostgreSQL [\d.]+.* holds no vault/);
});

test("init makes the vault in the database and its keys in the directory, once", async () => {
  expect((await run(["init", "--data", first], { env })).code).toBe(0);
  expect(existsSync(join(first, "vault.db"))).toBe(false);
  expect(existsSync(join(first, "master.key"))).toBe(true);
  const again = await json<{ code: string; fix: string }>(["init", "--data", second], { env });
  expect([again.code, again.answer.code]).toEqual([5, "already_initialized"]);
  expect(existsSync(join(second, "master.key"))).toBe(false);
  const keys = await json<{ keys: { name: string }[] }>(["api-keys", "list", "--data", first], { env });
  expect(keys.answer.keys.map(({ name }) => name)).toEqual(["operator"]);
});

test("a replica without the master key does not start; with it, it does what the first does", async () => {
  mkdirSync(second, { recursive: true, mode: 0o700 });
  await expect(serve(second)).rejects.toThrow(/no master key at/);
  copyFileSync(join(first, "master.key"), join(second, "master.key"));
  const [one, other] = [clientOf(await serve(first)), clientOf(await serve(second))];
  const { key_id: id } = await one.call("createKey", { body: { name: "by the first" } });
  expect((await other.call("listKeys")).keys.map((key) => key.key_id)).toContain(id);
  await other.call("revokeKey", { id });
  const seen = (await one.call("listKeys")).keys.find((key) => key.key_id === id);
  expect(seen?.revoked_at).not.toBeNull();
  const { entries } = await one.call("listAudit", { query: { limit: 100 } });
  expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(["createKey", "revokeKey"]));
  await one.close();
  await other.close();
});

test("verify goes over the chains of all replicas, beside them and by one of them", async () => {
  const beside = await json<AuditVerification>(["audit", "verify", "--data", first], { env });
  expect(beside.answer).toMatchObject({ problems: [], ok: true, outcome_unknown_total: 0 });
  expect(beside.answer.chains).toBeGreaterThanOrEqual(2);
  const [vault] = replicas;
  if (!vault) throw new Error("no replica");
  const client = clientOf(vault);
  expect(await client.call("verifyAudit")).toMatchObject({ ok: true });
  await database.query("UPDATE log SET body = replace(body, 'allow', 'deny') WHERE seq = 1");
  const changed = await json<AuditVerification>(["audit", "verify", "--data", first], { env });
  expect([changed.code, changed.answer.ok]).toEqual([1, false]);
  await database.query("UPDATE log SET body = replace(body, 'deny', 'allow') WHERE seq = 1");
  await client.close();
});

test("doctor finds all in order, and names what is not", async () => {
  const good = await run(["doctor", "--data", first], { env });
  expect(good.stdout).toMatch(/ok +database +opens, schema \d+ is current/);
  expect(good.code).toBe(0);
  const url = new URL(database.url);
  url.password = "fake-password";
  url.pathname = "/no_such_database";
  const bad = await run(["doctor", "--data", first], { env: { ALTER_VAULT_DATABASE_URL: url.href } });
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/fail +database +PostgreSQL failed with 3D000/);
  expect(bad.stdout + bad.stderr).not.toContain("fake-password");
});

test("a database that does not answer has a name of its own, and no password in it", async () => {
  const given = ["--database", "postgres://vault:fake-password@127.0.0.1:1/vault"];
  const { code, answer } = await json<{ code: string }>(["api-keys", "list", "--data", first, ...given]);
  expect([code, answer.code]).toEqual([1, "storage_unavailable"]);
  expect(JSON.stringify(answer)).not.toContain("fake-password");
  const wrong = await json<{ code: string; detail: string }>(["init", "--database", "mysql://user:fake-password@h/d"]);
  expect(wrong.answer.code).toBe("config_invalid");
  expect(wrong.answer.detail).toBe("ALTER_VAULT_DATABASE_URL must begin with postgres://");
});
