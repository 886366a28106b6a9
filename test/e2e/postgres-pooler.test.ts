import { afterAll, beforeAll, expect, test } from "vitest";
import { hasPgBouncer, startPgBouncer } from "../harness/pgbouncer.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { startPostgresVault } from "../harness/postgres-vault.ts";

/* Behind a pooler in transaction mode, where no two statements need go by the same connection. */
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

test.skipIf(!hasPgBouncer)("a vault behind PgBouncer in transaction mode does all that it does without", async () => {
  const pooler = await startPgBouncer(postgres.port, 3);
  const vault = await startPostgresVault(`postgres://postgres@127.0.0.1:${pooler.port}/postgres`);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => vault.call(`/n-${index}`)));
  expect(new Set(answers.map(({ status, problem }) => problem?.code ?? status))).toEqual(new Set([200]));
  expect(new Set(vault.upstream.calls.map(({ url }) => url)).size).toBe(200);
  const logged = await vault.logged();
  expect(logged.filter((path) => path.startsWith("/n-"))).toHaveLength(100);
  await vault.stop();
  await pooler.stop();
});
