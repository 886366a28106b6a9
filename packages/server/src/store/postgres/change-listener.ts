import pg from "pg";
import { connectionSettings } from "./connection.ts";

/**
 * Hears of changes that other processes made, over a connection of its own. Behind a pooler in transaction mode nothing
 * is heard; while the connection is down nothing is heard either. So this makes things sooner and nothing more.
 */
export interface ChangeListener {
  close(): Promise<void>;
}

const CHANNEL = "alter_vault_changes";
const AGAIN_MS = 1_000;

export function listenForChanges(url: string, onChange: () => void): ChangeListener {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  function connectLater(): void {
    client = null;
    if (closed) return;
    timer = setTimeout(() => void connect(), AGAIN_MS);
    timer.unref();
  }

  async function connect(): Promise<void> {
    const mine = new pg.Client({
      ...connectionSettings(url),
      application_name: "alter-vault changes",
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = mine;
    mine.on("notification", onChange);
    mine.on("error", () => undefined);
    mine.once("end", connectLater);
    try {
      await mine.connect();
      await mine.query(`LISTEN ${CHANNEL}`);
    } catch {
      // It is only a hint; what is kept runs out by itself. Ending it makes the next try.
      await mine.end();
    }
  }

  const connecting = connect();
  return {
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await connecting;
      await client?.end();
    },
  };
}
