import type pg from "pg";

/**
 * Shows sealed values to whoever has the keys, before they are handed out. They are recognised by the names of their
 * columns, which begin with `sealed` in every table, so no statement can be forgotten.
 */
export interface SealedWatch {
  onSealed(learn: Learn): void;
  /** What to wait for before the rows are handed out; undefined: nothing. */
  seen(sql: string, result: pg.QueryResult<Record<string, unknown>>): Promise<unknown> | undefined;
}

type Learn = (sealed: Uint8Array) => Promise<void> | undefined;

const SEALED = /(^|_)sealed(_|$)/;

export function createSealedWatch(): SealedWatch {
  let learn: Learn = () => undefined;
  const columnsOf = new Map<string, readonly string[]>();
  return {
    onSealed(given) {
      learn = given;
    },
    seen(sql, { fields, rows }) {
      if (rows.length === 0) return undefined;
      let columns = columnsOf.get(sql);
      if (!columns) {
        columns = fields.map(({ name }) => name).filter((name) => SEALED.test(name));
        columnsOf.set(sql, columns);
      }
      let waiting: Promise<void>[] | undefined;
      for (const column of columns) {
        for (const row of rows) {
          const value = row[column];
          const learned = value instanceof Uint8Array ? learn(value) : undefined;
          if (learned) (waiting ??= []).push(learned);
        }
      }
      return waiting && Promise.all(waiting);
    },
  };
}
