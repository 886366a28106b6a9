import { z } from "zod";
import { Call } from "./call.ts";
import { clientAuth, headers, params, pointer, urlTemplate } from "./values.ts";

/** What a revocation ends: this one token, everything of this consent, or the user's consent to the app altogether. */
const kills = z.enum(["token", "grant", "app"]);

/** Disconnecting for real. */
export const Revoke = z.discriminatedUnion("style", [
  /** RFC 7009: `POST token=…`. */
  z.strictObject({
    style: z.literal("rfc7009"),
    url: urlTemplate,
    /** Default: that of `token`. */
    clientAuth: clientAuth.optional(),
    /** Which token is sent. */
    send: z.enum(["refresh_token", "access_token", "both"]).default("refresh_token"),
    body: z.enum(["form", "json"]).default("form"),
    params: params.default({}),
    headers: headers.default({}),
    kills,
  }),
  /** The provider's own call. */
  z.strictObject({ style: z.literal("call"), call: Call, kills }),
  /** There is none: the vault deletes the material and tells the user where to finish. */
  z.strictObject({ style: z.literal("none"), reason: z.string().min(1).max(300), manualUrl: z.url().optional() }),
]);
export type Revoke = z.infer<typeof Revoke>;

/** Asking whether a token is alive: RFC 7662, or a `call` of the provider's own. */
export const Introspect = z.strictObject({
  style: z.enum(["rfc7662", "call"]).default("rfc7662"),
  url: urlTemplate.optional(),
  clientAuth: clientAuth.optional(),
  params: params.default({}),
  call: Call.optional(),
  active: pointer.optional(),
  /** Seconds since 1970. */
  exp: pointer.default("/exp"),
  /** Seconds from now, where the provider says it so. */
  expiresIn: pointer.optional(),
  scope: pointer.default("/scope"),
});
export type Introspect = z.infer<typeof Introspect>;
