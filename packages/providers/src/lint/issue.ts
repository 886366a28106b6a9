import type { Provider } from "../schema.ts";

/** One thing that is wrong in an entry: where, what, and what to do. */
export interface Issue {
  /** The rule that was broken; stable, for tests and tools. */
  readonly rule: string;
  /** A JSON Pointer into the entry. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  /** In the file, counted from 1, when known. */
  readonly line?: number;
}

export type Report = (rule: string, path: string, message: string, fix: string) => void;
/** One group of rules. Gets an entry that fits the schema. */
export type Check = (provider: Provider, report: Report) => void;
