import { createHash } from "node:crypto";
import pg from "pg";
import { connectionSettings } from "./connection.ts";
import { endsConnection, isReadOnly, isStalePlan, lacksPrepared, ofStorage } from "./failure.ts";
import { createSealedWatch } from "./sealed-watch.ts";

/**
 * A pool of connections to PostgreSQL. Every statement is prepared under a name made from its text, once per connection:
 * planning one costs several times more than running it. Behind a pooler that does not keep prepared statements they are
 * sent whole, from the moment that shows. Nothing waits for the database for ever, neither here nor there.
 *
 * A newer program may add columns while this one runs. What was prepared before is then refused by the database, and is
 * prepared anew: as another text, because a pooler keeps what it has prepared by the text.
 */
export interface Queries {
  get<T>(sql: string, ...values: unknown[]): Promise<T | undefined>;
  all<T>(sql: string, ...values: unknown[]): Promise<T[]>;
  /** How many rows changed. */
  run(sql: string, ...values: unknown[]): Promise<number>;
}

export interface Database extends Queries {
  /** READ COMMITTED: lock what is read to be changed. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Waited for with every sealed value that is read, before the row is handed out. */
  onSealed(learn: (sealed: Uint8Array) => Promise<void> | undefined): void;
  /** Becomes another number whenever this process may have changed a record. */
  changes(): number;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly url: string;
  /** Default: 10. */
  readonly connections?: number | undefined;
  /** How long a statement may take there. Default: 5 seconds. */
  readonly statementTimeoutMs?: number | undefined;
  /** How long to wait here for the answer to one; null: for ever. Default: a second longer. */
  readonly answerTimeoutMs?: number | null | undefined;
  /** How long to wait for a connection. Default: 5 seconds. */
  readonly connectTimeoutMs?: number | undefined;
  /** For tests: sees the text of every statement that is sent. */
  readonly onStatement?: ((sql: string) => void) | undefined;
}

type Row = Record<string, unknown>;

type Send = (sql: string, values: unknown[]) => Promise<pg.QueryResult<Row>>;

export const queriesBy = (send: Send): Queries => ({
  get: async <T>(sql: string, ...values: unknown[]) => (await send(sql, values)).rows[0] as T | undefined,
  all: async <T>(sql: string, ...values: unknown[]) => (await send(sql, values)).rows as T[],
  run: async (sql, ...values) => (await send(sql, values)).rowCount ?? 0,
});

export function openPool({
  url,
  connections = 10,
  statementTimeoutMs = 5_000,
  answerTimeoutMs = statementTimeoutMs + 1_000,
  connectTimeoutMs = 5_000,
  onStatement,
}: PoolOptions): Database {
  // One connection that ended, or leads to a server that may not write any more, says the same of all that are older.
  let generation = 0;
  const generations = new WeakMap<pg.ClientBase, number>();
  const pool = new pg.Pool({
    ...connectionSettings(url),
    application_name: "alter-vault",
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    // For a database that does not even say that it is slow.
    ...(answerTimeoutMs === null ? {} : { query_timeout: answerTimeoutMs }),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: { getTypeParser: parserOf },
    // Not in the start-up packet, where a pooler would not know them.
    onConnect(client) {
      generations.set(client, generation);
      // While it is in use nobody else listens, and what nobody listens to ends the process. Its query is told, too.
      client.on("error", () => undefined);
      return settle(client, statementTimeoutMs);
    },
  });
  // Of a connection that nobody uses at the moment: the pool drops it, and the next statement finds another.
  pool.on("error", () => undefined);
  let statements = createStatements(0);
  let keepsPrepared = true;
  const watch = createSealedWatch();
  let changes = 0;

  async function query(client: pg.PoolClient, sql: string, values: unknown[]): Promise<pg.QueryResult<Row>> {
    onStatement?.(sql);
    const mine = statements;
    const { name, text } = mine.of(sql);
    try {
      return await client.query<Row>({ name: keepsPrepared ? name : undefined, text, values });
    } catch (error) {
      const failure = ofStorage(error);
      // Whoever comes first sees to it for all.
      if (isStalePlan(failure) && statements === mine) statements = createStatements(mine.edition + 1);
      throw failure;
    }
  }

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await checkOut();
    try {
      return await work(client);
    } catch (error) {
      if (endsConnection(error) && generations.get(client) === generation) generation++;
      throw error;
    } finally {
      client.release(generations.get(client) !== generation);
    }
  }

  async function checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect().catch((error: unknown) => {
        throw ofStorage(error);
      });
      if (generations.get(client) === generation) return client;
      client.release(true);
    }
  }

  /** Where the database refused before it did anything, the work is done again: once, and by another connection. */
  async function guard<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    try {
      return await withClient(work);
    } catch (error) {
      if (lacksPrepared(error) && keepsPrepared) keepsPrepared = false;
      else if (!isReadOnly(error) && !isStalePlan(error)) throw error;
      return withClient(work);
    }
  }

  async function transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const read: (() => Promise<unknown> | undefined)[] = [];
    let isChanging = false;
    const result = await guard(async (client) => {
      await command(client, "BEGIN");
      try {
        const queries = queriesBy(async (sql, values) => {
          isChanging ||= changesRecords(sql);
          const found = await query(client, sql, values);
          read.push(() => watch.seen(sql, found));
          return found;
        });
        const done = await work(queries);
        await command(client, "COMMIT");
        return done;
      } catch (error) {
        // A connection that is gone has rolled back already.
        if (!endsConnection(error)) await command(client, "ROLLBACK");
        throw error;
      }
    }).finally(() => isChanging && changes++);
    for (const seen of read) await seen();
    return result;
  }

  return {
    ...queriesBy(async (sql, values) => {
      const isChanging = changesRecords(sql);
      // Also after a failure, as it may have been done.
      const found = await guard((client) => query(client, sql, values)).finally(() => isChanging && changes++);
      // Only now that the connection is free again: whoever looks for a key needs one.
      const learned = watch.seen(sql, found);
      if (learned) await learned;
      return found;
    }),
    transaction,
    onSealed: (learn) => watch.onSealed(learn),
    changes: () => changes,
    close: () => pool.end(),
  };
}

const changing = new Map<string, boolean>();

/** Whether a statement writes to anything but the log and what belongs to it. */
function changesRecords(sql: string): boolean {
  let known = changing.get(sql);
  if (known === undefined) {
    known =
      /\b(INSERT INTO|UPDATE|DELETE FROM) (?!SET\b|SKIP\b|nonces\b|chains\b|checkpoints\b|log\b|log_|policy_takes\b|policy_slots\b|tool_call)/.test(
        sql,
      );
    changing.set(sql, known);
  }
  return known;
}

/** What has no plan to keep. */
async function command(client: pg.PoolClient, text: "BEGIN" | "COMMIT" | "ROLLBACK"): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    throw ofStorage(error);
  }
}

interface Statements {
  readonly edition: number;
  of(sql: string): { readonly name: string; readonly text: string };
}

/** Statements with the names they are prepared under. Those of a later edition are the same, and others to the database. */
function createStatements(edition: number): Statements {
  const known = new Map<string, { readonly name: string; readonly text: string }>();
  return {
    edition,
    of(sql) {
      let found = known.get(sql);
      if (!found) {
        const text = edition === 0 ? sql : `${sql} /* ${edition} */`;
        known.set(sql, (found = { name: nameOf(text), text }));
      }
      return found;
    },
  };
}

/** A hash, so that two programs behind one pooler never mean different statements by one name. */
function nameOf(sql: string): string {
  return `av_${createHash("sha256").update(sql).digest("hex").slice(0, 40)}`;
}

async function settle(client: pg.ClientBase, statementTimeoutMs: number): Promise<void> {
  await client.query(
    `SET statement_timeout = ${statementTimeoutMs}; SET lock_timeout = ${statementTimeoutMs};
     SET idle_in_transaction_session_timeout = ${statementTimeoutMs * 2}`,
  );
}

const { builtins, getTypeParser } = pg.types;

/** Times and numbers of rows are whole numbers below 2^53. */
export function parserOf(oid: number, format?: "text" | "binary"): unknown {
  if (oid === builtins.INT8) return Number;
  return getTypeParser(oid, format as "text");
}
