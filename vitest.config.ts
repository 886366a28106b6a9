import { configDefaults, defineConfig } from "vitest/config";

const globalSetup = ["test/harness/postgres-setup.ts"];
const slow = { environment: "node", globalSetup, testTimeout: 60_000, hookTimeout: 60_000 };

/** Scenarios that depend on what is stored and when: these run on both storages. */
const ON_POSTGRES = [
  "agent-attacks",
  "approvals",
  "approvals-of-users",
  "attacks",
  "connect-attacks",
  "connect-flows",
  "crash",
  "documented-calls",
  "erasure",
  "fail-closed",
  "identity-attacks",
  "moving",
  "policies",
  "refresh",
  "rotation",
  "session-attacks",
  "shutdown",
];

/** Installs projects from the registry, and keeps the machine busy: after all others, so that none of them waits for it. */
const MATRIX = "test/matrix/matrix.test.ts";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/src/**/*.test.ts"], environment: "node", globalSetup } },
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
