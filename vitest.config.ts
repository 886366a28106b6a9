import { resolve } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const globalSetup = ["test/harness/postgres-setup.ts"];
const slow = { environment: "node", globalSetup, testTimeout: 60_000, hookTimeout: 60_000 };

/** Scenarios that depend on what is stored and when: these run on both storages. */
const ON_POSTGRES = [
  "agent-attacks",
  "approvals",
  "approvals-of-users",
  "attacks",
  "authenticate",
  "connect-attacks",
  "connect-flows",
  "crash",
  "directory",
  "documented-calls",
  "erasure",
  "fail-closed",
  "identity-attacks",
  "issuer-attacks",
  "issuers",
  "moving",
  "plugin-approvals",
  "policies",
  "quirks",
  "refresh",
  "rotation",
  "sdk-identity",
  "session-attacks",
  "shutdown",
  "tool-calls",
];

/** Suites of plugins that make calls to a vault. */
const PLUGINS_ON_POSTGRES = [
  "ai/src/live",
  "express/src/users",
  "langchain/src/audit-ids",
  "langchain/src/pause",
  "langchain/src/secrecy",
  "mcp/src/vault-tool",
];

/** Installs projects from the registry, and keeps the machine busy: after all others, so that none of them waits for it. */
const MATRIX = "test/matrix/matrix.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          environment: "node",
          globalSetup,
          // Some wait for a real database, on a machine that has other things to do.
          testTimeout: 20_000,
        },
      },
      { test: { name: "e2e", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, MATRIX], ...slow } },
      {
        test: {
          name: "e2e-postgres",
          include: ON_POSTGRES.map((name) => `test/e2e/${name}.test.ts`),
          env: { ALTER_VAULT_TEST_STORAGE: "postgres" },
          ...slow,
        },
      },
      {
        resolve: { alias: { "@alter-vault/testing": resolve("test/harness/testing-on-postgres.ts") } },
        test: {
          name: "plugins-postgres",
          include: PLUGINS_ON_POSTGRES.map((name) => `packages/${name}.test.ts`),
          ...slow,
        },
      },
      {
        test: {
          name: "matrix",
          include: [MATRIX],
          environment: "node",
          sequence: { groupOrder: 1 },
          maxConcurrency: 2,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
