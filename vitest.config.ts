import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

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
  "fail-closed",
  "identity-attacks",
  "issuer-attacks",
  "issuers",
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

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/src/**/*.test.ts"], environment: "node", globalSetup } },
      { test: { name: "e2e", include: ["test/**/*.test.ts"], ...slow } },
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
    ],
  },
});
