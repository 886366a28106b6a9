import pg from "pg";
import { connectionSettings } from "./connection.ts";
import { parserOf, queriesBy, type Database } from "./database.ts";
import { ofStorage } from "./failure.ts";

/**
 * A connection of its own with one transaction on it, for work that goes over all there is and takes as long as it takes.
 * Who writes within it writes all of it at once, or nothing.
 */
export interface OneTransaction extends Database {
  commit(): Promise<void>;
  /** Takes back what was not committed. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** `begin` is the statement that begins it. Throws StorageUnavailable when the database cannot be reached. */
export async function openTransaction(url: string, begin: string): Promise<OneTransaction> {
  const client = new pg.Client({
    ...connectionSettings(url),
    application_name: "alter-vault",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  });
  // Its query is told, too.
  client.on("error", () => undefined);
  let last: Promise<unknown> = Promise.resolve();
  // One after the other, whoever asks for several at once.
  const send = (text: string, values: unknown[] = []): Promise<pg.QueryResult<Record<string, unknown>>> => {
    const answer = last
      .then(() => client.query<Record<string, unknown>>({ text, values }))
      .catch((error: unknown) => {
        throw ofStorage(error);
      });
    last = answer.catch(() => undefined);
    return answer;
  };
  const queries = queriesBy(send);
  try {
    await client.connect();
    await send(begin);
    // Only for this transaction: a pooler gives the connection to others afterwards.
    for (const setting of ["statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "lock_timeout = '5s'"])
      await send(`SET LOCAL ${setting}`);
  } catch (error) {
    await client.end();
    throw ofStorage(error);
  }
  return {
    ...queries,
    transaction: (work) => work(queries),
    onSealed: () => undefined,
    changes: () => 0,
    async commit() {
      await send("COMMIT");
    },
    close: () => client.end(),
  };
}
