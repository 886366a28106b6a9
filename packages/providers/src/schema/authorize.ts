import { z } from "zod";
import { params, urlTemplate } from "./values.ts";

const paramName = z.string().regex(/^[A-Za-z0-9_.-]{1,60}$/, "a parameter name");

/** Sending the user to the provider, and what comes back. */
export const Authorize = z.strictObject({
  /** May hold a fragment (`/#/oauth/authorize`): the parameters are then put behind it. */
  url: urlTemplate,
  /** `required`: the provider refuses without. `supported`: always used. `unsupported`: it breaks the provider's flow. */
  pkce: z.enum(["required", "supported", "unsupported"]),
  /** What stands between scopes. `none`: the provider takes no scopes here. */
  scopeSeparator: z.enum([" ", ",", "+", "none"]).default(" "),
  /** The name of the scope parameter. */
  scopeParam: paramName.default("scope"),
  /** A second scope parameter for the user's own token (Slack: `user_scope`), for scopes with `audience: user`. */
  userScopeParam: paramName.optional(),
  /** Scopes that are always asked for: `offline_access`, `openid`. */
  alwaysScopes: z.array(z.string().min(1)).default([]),
  /** Sent with every request: `access_type: offline`, `prompt: consent`. */
  params: params.default({}),
  /** Standard parameter -> the provider's own name: `client_id: client_key`. */
  rename: z.record(paramName, paramName).default({}),
  /** Standard parameters the provider does not want: `response_type`. */
  omit: z.array(paramName).default([]),
  /** `exact`: the registered URL. `registered-name`: a name stands in its place (eBay's RuName). */
  redirect: z.enum(["exact", "registered-name"]).default("exact"),
  /** RFC 9207: the callback carries `iss`, with this value. A callback without it is then refused. */
  issuer: urlTemplate.optional(),
  /** The provider says no more than this many characters of `state` survive. */
  maxStateLength: z.number().int().min(16).optional(),
  /** The user can refuse some of the scopes and still connect: the granted ones must be read back. */
  partialConsent: z.boolean().default(false),
});
export type Authorize = z.infer<typeof Authorize>;

/** OAuth 2.0 Device Authorization Grant (RFC 8628). */
export const Device = z.strictObject({ url: urlTemplate, params: params.default({}) });
