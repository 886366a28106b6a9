import { z } from "zod";
import { Call } from "./call.ts";
import { clientAuth, headers, params, pointer, seconds, urlTemplate } from "./values.ts";

/** Where a token answer holds what. The defaults are those of RFC 6749; name only what differs. */
export const TokenAnswer = z.strictObject({
  /** `form`: the answer is `a=b&c=d`. `auto`: by its content type. */
  encoding: z.enum(["json", "form", "auto"]).default("json"),
  accessToken: pointer.default("/access_token"),
  refreshToken: pointer.default("/refresh_token"),
  /** Seconds (or `expiresInUnit`) until the access token ends. */
  expiresIn: pointer.default("/expires_in"),
  expiresInUnit: z.enum(["s", "ms"]).default("s"),
  /** A moment instead of a duration. */
  expiresAt: z.strictObject({ at: pointer, format: z.enum(["iso", "unix", "unix-ms"]) }).optional(),
  refreshExpiresIn: pointer.optional(),
  scope: pointer.default("/scope"),
  /** What stands between granted scopes, when it is not what stands between asked ones. `array`: a JSON list. */
  scopeSeparator: z.enum([" ", ",", "+", "array"]).optional(),
  idToken: pointer.default("/id_token"),
  /**
   * Further tokens in the same answer, each kept as a credential of its own under its name (Slack: `user`). With one of
   * these, the main token may be missing.
   */
  others: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,29}$/),
      z.strictObject({
        accessToken: pointer,
        refreshToken: pointer.optional(),
        expiresIn: pointer.optional(),
        scope: pointer.optional(),
      }),
    )
    .default({}),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** Code for tokens. */
export const Token = z.strictObject({
  url: urlTemplate,
  clientAuth: clientAuth,
  /** How the request's body is written. */
  body: z.enum(["form", "json"]).default("form"),
  /** Sent beside `grant_type`, `code`, `redirect_uri` and so on. */
  params: params.default({}),
  /** Standard parameter -> the provider's own name. */
  rename: params.default({}),
  omit: z.array(z.string()).default([]),
  headers: headers.default({}),
  answer: TokenAnswer.prefault({}),
  /** How long an access token lives when the answer does not say. `null`: it does not end by itself. */
  lifetimeSeconds: seconds.nullable(),
  /** What to try, in order, when the answer does not say; `lifetimeSeconds` comes last. */
  expiryFrom: z.array(z.enum(["jwt-exp", "introspection"])).default([]),
  /** A short-lived token is changed for a long-lived one right away; its answer is read like a token answer. */
  longLived: Call.optional(),
});
export type Token = z.infer<typeof Token>;

/** Keeping the access alive. Every entry says how, or says why not. */
export const Refresh = z.discriminatedUnion("supported", [
  z.strictObject({
    supported: z.literal(false),
    /** What happens instead: "tokens do not expire", "connect again after 60 days". */
    reason: z.string().min(1).max(300),
  }),
  z.strictObject({
    supported: z.literal(true),
    /**
     * `always`: each refresh brings a new refresh token and ends the old. `sometimes`: use the new one when there is one.
     * `never`: it stays the same.
     */
    rotation: z.enum(["always", "sometimes", "never"]),
    /** A refresh token works once. */
    singleUse: z.boolean().default(false),
    /** For single-use tokens: how long after its use the old one is still taken, without harm. `0`: not at all, or not said. */
    graceSeconds: z.number().int().min(0).optional(),
    /** Using an old refresh token ends the whole family: the user must connect again. */
    reuseEndsGrant: z.boolean().default(false),
    /** The refresh token ends when it was not used for this long. `null`: never, as far as documented. */
    idleSeconds: seconds.nullable(),
    /** The refresh token (or the family) ends this long after consent, used or not. */
    absoluteSeconds: seconds.nullable(),
    /** The token must be at least this old before it can be refreshed. */
    minAgeSeconds: seconds.optional(),
    /** Refresh tokens are issued only under this condition ("GitHub Apps with expiring tokens"). */
    onlyWhen: z.string().max(300).optional(),
    /** What is sent as proof: the refresh token, or the access token itself (Instagram). */
    with: z.enum(["refresh_token", "access_token"]).default("refresh_token"),
    /** Default: the token endpoint. */
    url: urlTemplate.optional(),
    method: z.enum(["POST", "GET"]).default("POST"),
    /** Default: that of `token`. */
    clientAuth: clientAuth.optional(),
    /** Default: that of `token`. */
    body: z.enum(["form", "json"]).optional(),
    /** Sent instead of `grant_type: refresh_token` when it names another. */
    params: params.default({}),
    rename: params.default({}),
    /** The scopes must be sent again. */
    sendScopes: z.boolean().default(false),
    /** Default: `token.answer`. */
    answer: TokenAnswer.optional(),
  }),
]);
export type Refresh = z.infer<typeof Refresh>;
