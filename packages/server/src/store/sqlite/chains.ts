import type { ChainHead, LogStore } from "../log-records.ts";
import type { Database } from "./database.ts";
import { startOf } from "./retention.ts";

/**
 * The chains of an embedded database. One process owns the file and writes one chain, so a row's `seq` is its place in
 * the file, and says its place in the chain as well. A vault that began with an import holds the chains of the vault
 * before it, which had its own numbers: those rows carry them in `chain_seq`, and the vault's own chain begins behind them.
 */
export interface Chains {
  readonly store: Pick<
    LogStore,
    "openChain" | "closeChain" | "endProcess" | "touchChain" | "runningChains" | "chainHead" | "chainWriters"
  >;
  /** The place of a row in its chain. */
  seqOf(row: { readonly seq: number; readonly chain_seq: number | null }): number;
  /** The place in the file of the row before the first of the vault's own chain. Nobody writes another one. */
  placeBefore(writer: string): number;
  /** The statement that reads a chain on from a row, and what stands for that row. Its values: writer, row, limit. */
  rowsOf(writer: string, afterSeq: number): { readonly sql: string; readonly after: number };
}

interface OwnChain {
  readonly writer: string;
  readonly after: number;
}

const FIRST: OwnChain = { writer: "main", after: 0 };
const START: ChainHead = { seq: 0, hash: new Uint8Array(32) };

const OWN_ROWS = "SELECT * FROM log WHERE writer = ? AND seq > ? ORDER BY seq LIMIT ?";
const IMPORTED_ROWS = `SELECT * FROM log WHERE writer = ? AND chain_seq IS NOT NULL AND chain_seq > ?
  ORDER BY chain_seq LIMIT ?`;

export function openChains(db: Database): Chains {
  /** Null: the file ends with rows of other vaults, and the chain behind them is not begun. */
  let own = db.get<OwnChain>("SELECT writer, starts_after AS after FROM own_chain") ?? (importedUpTo() ? null : FIRST);
  // One process owns the file, so what is running is known here.
  const running = new Map<string, number>();

  function headOf(writer: string): ChainHead {
    if (writer !== own?.writer) {
      const sql = `SELECT chain_seq AS seq, hash FROM log WHERE writer = ? AND chain_seq IS NOT NULL
        ORDER BY chain_seq DESC LIMIT 1`;
      return db.get<ChainHead>(sql, writer) ?? startHead(writer);
    }
    const sql = "SELECT seq, hash FROM log WHERE writer = ? AND seq > ? ORDER BY seq DESC LIMIT 1";
    const row = db.get<ChainHead>(sql, writer, own.after);
    return row ? { seq: row.seq - own.after, hash: row.hash } : startHead(writer);
  }

  /** Where nothing of a chain is left but where it goes on. */
  function startHead(writer: string): ChainHead {
    const start = startOf(db, writer);
    return start ? { seq: start.seq, hash: start.hash } : START;
  }

  function importedUpTo(): number | null {
    const last = db.get<{ seq: number; chain_seq: number | null }>(
      "SELECT seq, chain_seq FROM log ORDER BY seq DESC LIMIT 1",
    );
    return last && last.chain_seq !== null ? last.seq : null;
  }

  /** Of its own, because the vault that wrote the imported ones may go on writing them elsewhere. */
  function beginOwn(writer: string): OwnChain {
    const begun = { writer, after: importedUpTo() ?? 0 };
    db.run("INSERT INTO own_chain VALUES (1, ?, ?)", begun.writer, begun.after);
    return begun;
  }

  return {
    store: {
      async openChain(fresh) {
        own ??= beginOwn(fresh);
        const head = headOf(own.writer);
        running.set(own.writer, head.seq);
        return { writer: own.writer, head };
      },
      async closeChain(writer) {
        running.delete(writer);
      },
      endProcess: async () => undefined,
      touchChain: async () => undefined,
      runningChains: async () => running,
      chainHead: async (writer) => headOf(writer),
      async chainWriters() {
        const imported = db.all<{ writer: string }>("SELECT DISTINCT writer FROM log WHERE chain_seq IS NOT NULL");
        const writers = imported.map(({ writer }) => writer);
        return own && headOf(own.writer).seq > 0 ? [...writers, own.writer] : writers;
      },
    },
    seqOf: (row) => row.chain_seq ?? row.seq - (own?.after ?? 0),
    placeBefore(writer) {
      if (writer !== own?.writer) throw new Error(`the chain ${writer} is not written by this vault`);
      return own.after;
    },
    rowsOf: (writer, afterSeq) =>
      own && writer === own.writer
        ? { sql: OWN_ROWS, after: own.after + afterSeq }
        : { sql: IMPORTED_ROWS, after: afterSeq },
  };
}
