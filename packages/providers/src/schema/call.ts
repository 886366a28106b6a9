import { z } from "zod";
import { headers, httpMethod, params, urlTemplate } from "./values.ts";

/**
 * A call to the provider that no standard describes (identity, a custom revocation, an exchange for a long-lived token).
 * Values of `query`, `form` and `json` may hold `{access_token}`, `{refresh_token}`, `{client_id}` and
 * `{client_secret}`, and variables; `url` may hold `{client_id}` as a path segment, and variables.
 */
export const Call = z.strictObject({
  method: httpMethod.default("GET"),
  url: urlTemplate,
  /** `bearer`: the access token, put in the way of `api.inject`. `basic`: client id and secret. `strategy`: its code signs. */
  auth: z.enum(["bearer", "basic", "none", "strategy"]).default("bearer"),
  /** Added to `api.headers`. */
  headers: headers.default({}),
  query: params.default({}),
  /** Sent as `application/x-www-form-urlencoded`. */
  form: params.optional(),
  /** Sent as `application/json`. */
  json: z.record(z.string(), z.json()).optional(),
  /** Sent as `{"query": …}`. */
  graphql: z.string().max(4000).optional(),
});
export type Call = z.infer<typeof Call>;
