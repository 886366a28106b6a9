import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the address of the server is to be had. */
    postgresAt: string;
  }
}

/** A database of its own on the server of this run. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** As its owner, past the store. */
  query<T>(sql: string, ...values: unknown[]): Promise<T[]>;
  /** From another database of the server. */
  outside(sql: string): Promise<void>;
  /** All that is in all tables, as text. */
  stored(): Promise<Buffer>;
  /** Takes everything out that the store has put in. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await (await fetch(inject("postgresAt"))).text();
  const name = `alter_vault_test_${randomBytes(6).toString("hex")}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const query = <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
    withClient(url.href, async (client) => (await client.query(sql, values)).rows as T[]);
  return {
    url: url.href,
    name,
    query,
    outside: (sql) => withClient(server, async (client) => void (await client.query(sql))),
    async stored() {
      const tables = await query<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
      );
      const texts: string[] = [];
      for (const { name: table } of tables) {
        for (const { row } of await query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`)) texts.push(row);
      }
      return Buffer.from(texts.join("\n"));
    },
    async empty() {
      const tables = await query<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'",
      );
      if (tables.length > 0) await query(`TRUNCATE ${tables.map((table) => table.name).join(", ")}`);
    },
    drop: () => withClient(server, async (client) => void (await client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  };
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
