import { z } from "zod";
import { pointer } from "./values.ts";

/** What to do about an error. See {@link Errors}. */
export const ERROR_CLASSES = ["reauth", "permanent", "transient", "scope"] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

const codes = z.array(z.string().min(1).max(100)).default([]);

/**
 * Telling errors of token, refresh and API answers apart. The standard codes of RFC 6749 are known (`invalid_grant` is
 * reauth, `invalid_client` and its like permanent, `temporarily_unavailable` and `server_error` transient), so are 429
 * and 5xx (transient). Name what the provider adds, or means differently.
 */
export const Errors = z.strictObject({
  /** Where the error code is. */
  code: pointer.default("/error"),
  description: pointer.default("/error_description"),
  /** Where API answers (not token answers) have their code, if elsewhere; the first that is there counts. */
  apiCode: z.array(pointer).default([]),
  /** Errors come with HTTP 200. It is one when `ok` is there and not true, or when `code` is there. */
  inBand: z.strictObject({ ok: pointer.optional() }).optional(),
  /** The grant is dead: the user must connect again. */
  reauth: codes,
  /** The app is set up wrongly: neither a retry nor a new connection helps, the operator must act. */
  permanent: codes,
  /** Try again later. */
  transient: codes,
  /** The token is good, but lacks a scope: ask for more. */
  scope: codes,
  /** An API answer with this status (and, if given, a code of `scope`) means a missing scope. */
  scopeStatus: z.number().int().min(400).max(499).optional(),
});
export type Errors = z.infer<typeof Errors>;
