import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { env } from "node:process";
import pg from "pg";

/** Where the vaults of a test keep what they store: in their directories, or in a PostgreSQL database of their own. */
export interface TestStorage {
  /** Null: the embedded database in the vault's directory. */
  readonly databaseUrl: string | null;
  /** Settings for the vault. */
  readonly settings: { ALTER_VAULT_DATABASE_URL?: string };
  /** Past the vault. Places for values are question marks. */
  query<T>(dataDir: string, sql: string, ...values: SQLInputValue[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** The project `e2e-postgres` runs scenarios of the project `e2e` on the other storage. */
export const onPostgres: boolean = env["ALTER_VAULT_TEST_STORAGE"] === "postgres";

export async function createTestStorage(): Promise<TestStorage> {
  return createStorage(onPostgres);
}

/** Of one kind, whatever the others of this run are. */
export async function createStorage(isPostgres: boolean): Promise<TestStorage> {
  return isPostgres ? createPostgresStorage() : EMBEDDED;
}

/** A database that is there already, and stays. */
export function storageAt(url: string): TestStorage {
  return databaseAt(url, () => Promise.resolve());
}

const EMBEDDED: TestStorage = {
  databaseUrl: null,
  settings: {},
  async query<T>(dataDir: string, sql: string, ...values: SQLInputValue[]) {
    const db = new DatabaseSync(join(dataDir, "vault.db"), { timeout: 5_000 });
    try {
      return db.prepare(sql).all(...values) as T[];
    } finally {
      db.close();
    }
  },
  drop: () => Promise.resolve(),
};

/** A database of its own, whichever storage the project is for. */
export async function createPostgresStorage(): Promise<TestStorage & { readonly databaseUrl: string }> {
  const { inject } = await import("vitest");
  const server = await (await fetch(inject("postgresAt"))).text();
  const name = `alter_vault_e2e_${randomBytes(6).toString("hex")}`;
  await query(server, `CREATE DATABASE ${name}`, []);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return databaseAt(
    url.href,
    async () => void (await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, [])),
  );
}

function databaseAt(url: string, drop: TestStorage["drop"]): TestStorage & { readonly databaseUrl: string } {
  return {
    databaseUrl: url,
    settings: { ALTER_VAULT_DATABASE_URL: url },
    query(_dataDir, sql, ...values) {
      let places = 0;
      const numbered = sql.replaceAll("?", () => `$${++places}`);
      return query(url, numbered, values);
    },
    drop,
  };
}

async function query<T>(url: string, sql: string, values: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as T[];
  } finally {
    await client.end();
  }
}
