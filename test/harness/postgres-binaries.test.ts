import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { packagedPostgres } from "./postgres-binaries.ts";
import { startPostgres } from "./postgres.ts";

/* What tests on a bare machine run on, also where another PostgreSQL is installed and is taken instead. */
test.runIf(packagedPostgres() !== null)(
  "the packaged PostgreSQL starts, answers, and leaves nothing behind",
  async () => {
    const postgres = await startPostgres({ source: "packaged" });
    const client = new pg.Client({ connectionString: postgres.url });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query<{ major: number; order: string[]; dir: string }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('data_directory') AS dir,
       array(SELECT x FROM unnest(ARRAY['b', 'a', 'B']) AS x ORDER BY x) AS order`,
    );
    await client.end();
    expect(rows[0]?.major).toBeGreaterThanOrEqual(14);
    // Made with ICU, so that the order of the database is not that of bytes.
    expect(rows[0]?.order).toEqual(["a", "b", "B"]);
    await postgres.stop();
    await sleep(50);
    expect(existsSync(rows[0]?.dir ?? "")).toBe(false);
  },
);
