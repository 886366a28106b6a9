import { z } from "zod";

/** An answer of the provider, as its documentation shows it, with tokens that are obviously fake (`fake-…`). */
export const Fixture = z.strictObject({
  status: z.number().int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  json: z.json().optional(),
  /** A body that is not JSON: form-encoded, or a plain text. */
  text: z.string().optional(),
});
export type Fixture = z.infer<typeof Fixture>;

/** Replayed by the contract tests: connect, call, refresh, revoke. */
export const Fixtures = z.strictObject({
  /** Answer to the code. Needed. */
  token: Fixture,
  /** Answer of the exchange for a long-lived token. Needed with `token.longLived`. */
  longLived: Fixture.optional(),
  /** Answer to a refresh. Needed when refresh is supported. */
  refresh: Fixture.optional(),
  /** Answer to a refresh with a dead refresh token; must be told as `reauth`. Needed when refresh is supported. */
  refreshRevoked: Fixture.optional(),
  /** Answer to a bad code or client; must be told as `reauth` or `permanent`. */
  tokenError: Fixture.optional(),
  /** Must be told as `transient`. */
  transient: Fixture.optional(),
  /** Answer of the identity call. Needed with `identity.from: call`. For `id_token`: the claims. */
  identity: Fixture.optional(),
  /** Answer of an API call with a token that is good but lacks a scope; must be told as `scope`. */
  scopeError: Fixture.optional(),
  /** Answer of the introspection. */
  introspect: Fixture.optional(),
});
export type Fixtures = z.infer<typeof Fixtures>;
