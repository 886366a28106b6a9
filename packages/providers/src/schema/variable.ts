import { z } from "zod";
import { apiHost, line, pointer } from "./values.ts";

/**
 * A part of a URL that differs from tenant to tenant. Whatever its value, the URL stays where the entry says: `label`
 * and `segment` cannot hold a dot-dot, a slash or any other delimiter, and `host` and `base-url` must end in one of
 * `hosts`, unless the operator of the vault names the server (`from: operator`, or `discovery` at the operator's issuer).
 * An endpoint whose variable has no value and no default is one the server does not have.
 */
export const Variable = z.strictObject({
  /** What the person who fills it in reads. */
  label: line,
  description: line.optional(),
  /**
   * `label`: one DNS label in front of a pinned suffix. `segment`: one path segment or query value. `host`: a whole
   * host name. `base-url`: `https://host/path` at the very beginning of a template.
   */
  kind: z.enum(["label", "segment", "host", "base-url"]),
  /** What the whole value must match; anchored by the loader. Needed for `label` and `segment`. */
  pattern: z.string().min(1).max(300).optional(),
  /** For `host` and `base-url`: the hosts it may name, `*.salesforce.com`. Left out only with `from: operator` or `discovery`. */
  hosts: z.array(apiHost).min(1).optional(),
  /**
   * Who gives the value: `operator` when the provider is configured, `user` when connecting, or the provider: `callback`
   * (a parameter of the redirect), `token` (token answer), `identity` (identity answer) or `discovery` (the document of
   * an issuer that the operator has named). What comes from the provider is checked like everything else.
   */
  from: z.enum(["operator", "user", "callback", "token", "identity", "discovery"]),
  /** For `callback` the parameter's name, for the others a JSON Pointer into the answer. */
  at: z.union([pointer, z.string().regex(/^[A-Za-z0-9_.-]{1,60}$/, "a parameter name")]).optional(),
  /** Used when nobody gives a value. Without it the value is required. */
  default: z.string().min(1).max(200).optional(),
  /** The only values there are, when they can be listed (regions, environments). */
  values: z.array(z.string().min(1).max(200)).min(1).optional(),
  /** A value that is right; the lint fills the templates with it. */
  example: z.string().min(1).max(200),
});
export type Variable = z.infer<typeof Variable>;
