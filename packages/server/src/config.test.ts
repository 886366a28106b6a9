import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { ConfigError, loadConfig, loadLocalConfig } from "./config.ts";

const problemsOf = (mode: "dev" | "serve", environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(mode, {}, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

test("without any setting it listens on loopback and calls nothing on loopback in production", () => {
  const config = loadConfig("serve", {}, {});
  expect(config).toMatchObject({ host: "127.0.0.1", port: 8200, allowLoopbackUpstreams: false, tls: null });
  expect(loadConfig("dev", {}, {}).allowLoopbackUpstreams).toBe(true);
});

test("what the command line says comes before the environment; empty counts as not set", () => {
  const environment = { ALTER_VAULT_PORT: "1000", ALTER_VAULT_HOST: "" };
  expect(loadConfig("dev", { ALTER_VAULT_PORT: "2000" }, environment)).toMatchObject({ port: 2000, host: "127.0.0.1" });
});

test("every problem is told at once", () => {
  const problems = problemsOf("serve", {
    ALTER_VAULT_PORT: "99999",
    ALTER_VAULT_LOG_LEVEL: "loud",
    ALTER_VAULT_METRICS_TOKEN: "short",
  });
  expect(problems.map((problem) => problem.split(":")[0])).toEqual([
    "ALTER_VAULT_PORT",
    "ALTER_VAULT_METRICS_TOKEN",
    "ALTER_VAULT_LOG_LEVEL",
  ]);
});

test("production does not speak plain HTTP to the world by accident", () => {
  expect(problemsOf("serve", { ALTER_VAULT_HOST: "0.0.0.0" }).join()).toMatch(/there is no TLS/);
  expect(problemsOf("serve", { ALTER_VAULT_HOST: "0.0.0.0", ALTER_VAULT_BEHIND_TLS_PROXY: "1" })).toEqual([]);
  expect(problemsOf("dev", { ALTER_VAULT_HOST: "0.0.0.0" }).join()).toMatch(/loopback only/);
  expect(problemsOf("serve", { ALTER_VAULT_TLS_CERT_FILE: "/nowhere" }).join()).toMatch(/go together/);
});

test.each<[Record<string, string>, string | null]>([
  [{}, "http://127.0.0.1:8200"],
  [{ ALTER_VAULT_PORT: "9000", ALTER_VAULT_HOST: "::1" }, "http://[::1]:9000"],
  [{ ALTER_VAULT_TLS_CERT_FILE: "missing.pem" }, "https://127.0.0.1:8200"],
  [{ ALTER_VAULT_PUBLIC_URL: "https://vault.example.com/" }, "https://vault.example.com"],
  [{ ALTER_VAULT_PORT: "0" }, null],
  [{ ALTER_VAULT_PORT: "many" }, null],
])("a vault that is opened for one command knows where it is served: %j", (environment, expected) => {
  const config = loadLocalConfig({}, environment);
  expect(config).toMatchObject({ servedAt: expected, port: 0, host: "127.0.0.1", publicUrl: null, tls: null });
  expect(loadConfig("dev", {}, {}).servedAt).toBeNull();
});

test("the address of a database is checked, and never told", () => {
  expect(loadConfig("serve", {}, {}).databaseUrl).toBeNull();
  const url = "postgres://vault:fake-password@db.example.com/vault";
  expect(loadConfig("serve", {}, { ALTER_VAULT_DATABASE_URL: url }).databaseUrl).toBe(url);
  const problems = problemsOf("serve", { ALTER_VAULT_DATABASE_URL: `${url}?sslmode=no-verify` });
  expect(problems.join()).toMatch(/^ALTER_VAULT_DATABASE_URL asks for sslmode=no-verify/);
  expect(problems.join()).not.toContain("fake-password");
});

test("workers: one for the embedded storage, one per core with auto, and what cannot be is told", () => {
  const workers = (settings: Record<`ALTER_VAULT_${string}`, string>): number =>
    loadConfig("serve", settings, {}).workers;
  const database = { ALTER_VAULT_DATABASE_URL: "postgres://vault@127.0.0.1/vault" };
  expect([workers({}), workers({ ALTER_VAULT_WORKERS: "auto" })]).toEqual([1, 1]);
  expect(workers({ ...database, ALTER_VAULT_WORKERS: "auto" })).toBe(availableParallelism());
  expect(workers({ ...database, ALTER_VAULT_WORKERS: "3" })).toBe(3);
  expect(() => workers({ ALTER_VAULT_WORKERS: "2" })).toThrow(/embedded storage is for one process/);
  for (const wrong of ["0", "1.5", "many"])
    expect(() => workers({ ...database, ALTER_VAULT_WORKERS: wrong })).toThrow(/auto, or from 1/);
});

test("a replica drains before it stops; a vault that is alone does not", () => {
  const drainMs = (settings: Record<`ALTER_VAULT_${string}`, string>): number =>
    loadConfig("serve", settings, {}).limits.drainMs;
  const database = { ALTER_VAULT_DATABASE_URL: "postgres://vault@127.0.0.1/vault" };
  expect([drainMs({}), drainMs(database), drainMs({ ...database, ALTER_VAULT_DRAIN_MS: "0" })]).toEqual([0, 5_000, 0]);
});

test("whose word counts about where calls come from", () => {
  expect(loadConfig("serve", {}, {}).proxies).toBeNull();
  expect(loadConfig("serve", {}, { ALTER_VAULT_BEHIND_TLS_PROXY: "1" }).proxies).toBe("nearest");
  const listed = { ALTER_VAULT_BEHIND_TLS_PROXY: "1", ALTER_VAULT_TRUSTED_PROXIES: "10.0.0.0/8, ::1" };
  expect(loadConfig("serve", {}, listed).proxies).toMatchObject([{ bits: 8 }, { bits: 128 }]);
  const problems = problemsOf("serve", { ALTER_VAULT_TRUSTED_PROXIES: "10.0.0.1/8,,proxy.example" });
  expect(problems.map((problem) => /"(.*)"/.exec(problem)?.[1])).toEqual(["10.0.0.1/8", "", "proxy.example"]);
});
