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
    ],
  },
});
