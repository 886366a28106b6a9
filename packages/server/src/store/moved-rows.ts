import type { Store } from "./store.ts";

/** A value of a row as both drivers have it. What is true or false is 1 or 0. */
export type MovedValue = string | number | Uint8Array | null;
export type MovedRow = readonly MovedValue[];

/** The last step of each driver's schema that a program knows. */
export interface SchemaSteps {
  readonly sqlite: number;
  readonly postgres: number;
}

/** All that is stored, as it was at one moment, whoever writes meanwhile. */
export interface StoreSnapshot {
  /** The last step of its schema that was taken, and of this program. */
  readonly step: { readonly taken: number; readonly known: number };
  columnsOf(table: string): Promise<readonly string[]>;
  count(table: string): Promise<number>;
  /** In constant memory: some rows at a time, their values in the order of `columns`. */
  rowsOf(table: string, columns: readonly string[]): AsyncGenerator<readonly MovedRow[]>;
  close(): Promise<void>;
}

/**
 * An empty place that is being filled. Nothing of it can be seen by anybody until it is kept, and of one that is neither
 * kept nor abandoned, as after a crash, nothing is left that anybody would take for a vault.
 */
export interface StoreToFill {
  columnsOf(table: string): Promise<readonly string[]>;
  insert(table: string, columns: readonly string[], rows: readonly MovedRow[]): Promise<void>;
  count(table: string): Promise<number>;
  /** All rows are in: makes what follows from them, takes the steps of the schema that are left, and gives the store. */
  complete(): Promise<Store>;
  keep(): Promise<void>;
  abandon(): Promise<void>;
}

/** Something is stored there already. Nothing was changed. */
export class StoreNotEmpty extends Error {
  override readonly name = "StoreNotEmpty";
}

/** Nothing is stored there, but its schema is not the one that was asked for. Nothing was changed. */
export class SchemaInTheWay extends Error {
  override readonly name = "SchemaInTheWay";
}
