import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgresStore } from "../../packages/server/src/store/postgres/postgres-store.ts";
import { NOBODY, startPostgres, type TestPostgres } from "../harness/postgres.ts";

/* The connection to the database, where it is TLS: with the right certificate or not at all. */
const folder = mkdtempSync(join(tmpdir(), "alter-vault-postgres-tls-"));
const cert = join(folder, "server.crt");
let postgres: TestPostgres;

beforeAll(async () => {
  const key = join(folder, "server.key");
  const names = "subjectAltName=DNS:localhost";
  const made = spawnSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=test",
    ].concat(["-addext", names, "-keyout", key, "-out", cert]),
  );
  expect(made.status, made.stderr.toString()).toBe(0);
  postgres = await startPostgres({
    prepare(dataDir) {
      spawnSync("cp", [key, cert, dataDir]);
      for (const name of ["server.key", "server.crt"]) {
        if (process.getuid?.() === 0) chownSync(join(dataDir, name), NOBODY, NOBODY);
      }
      // No other connections than those with TLS.
      writeFileSync(join(dataDir, "pg_hba.conf"), "hostssl all all all trust\nhost all all all reject\n");
    },
    settings: ["ssl=on"],
    sslrootcert: cert,
  });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const at = (host: string, query: string): string =>
  `postgres://postgres@${host}:${postgres.port}/postgres${query === "" ? "" : `?${query}`}`;

test("with the CA and the right name it connects", async () => {
  const store = await openPostgresStore({ url: at("localhost", `sslmode=verify-full&sslrootcert=${cert}`) });
  expect(await store.listApps()).toEqual([]);
  await store.close();
});

test.each([
  ["another name than the certificate's", "127.0.0.1", `sslmode=verify-full&sslrootcert=CA`],
  ["another name, in a weaker mode", "127.0.0.1", `sslmode=require&sslrootcert=CA`],
  ["a CA that nobody knows", "localhost", "sslmode=verify-full"],
  ["a CA that nobody knows, in a weaker mode", "localhost", "sslmode=require&uselibpqcompat=true"],
  ["no TLS at all", "localhost", ""],
])("%s: it does not", async (_name, host, query) => {
  const url = at(host, query.replace("CA", cert));
  await expect(openPostgresStore({ url })).rejects.toThrow(/^PostgreSQL failed with /);
});
