import type { InjectOptions, Injected, Outbound } from "./inject.ts";

/** One thing that is wrong with a rule or a value. `path` is that of the field in a secret; never holds the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** A rule and a value that fit each other, ready for any number of calls; or what is wrong with them. */
export type Prepared =
  | { readonly ok: true; readonly apply: (outbound: Outbound, options: InjectOptions) => Injected }
  | { readonly ok: false; readonly issues: Issue[] };
