import { z } from "zod";

/** Lower case, digits and dashes; also the name of the data file. */
export const slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, "lower case, digits and dashes");

/** One line of text for people. */
export const line = z
  .string()
  .min(1)
  .max(400)
  .regex(/^[^\n\r]*$/, "one line");

/**
 * Where a value is found in a JSON answer: a JSON Pointer (RFC 6901) such as `/authed_user/access_token` or
 * `/accounts/0/id`. `""` would be the whole answer and is not allowed.
 */
export const pointer = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~0|~1)+)+$/, "a JSON Pointer, as in /data/email")
  .max(200);

/** The name of a variable, as used in braces: `{tenant}`. */
export const variableName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "snake_case");

/**
 * An https URL whose parts in braces are variables of the entry: `https://{shop}.myshopify.com/admin/oauth/authorize`.
 * A variable stands for a whole host label, a whole path segment, the whole host, or (kind `base-url`) the beginning.
 */
export const urlTemplate = z
  .string()
  .regex(/^(?:https:\/\/|\{)[^\s"'<>\\^`|]+$/, "an https URL")
  .max(500);

/** A documentation page. */
export const webPage = z.url({ protocol: /^https$/ }).max(500);

/** `api.example.com`, or `*.example.com` for every name below it. Variables may stand for whole labels. */
export const apiHost = z
  .string()
  .regex(
    /^(?:\*\.)?(?:[a-z0-9{][a-z0-9_{}-]*)(?:\.[a-z0-9{][a-z0-9_{}-]*)*$/,
    "a host name in lower case, without a port",
  )
  .max(253);

/** A calendar day, `2026-11-21`. */
export const day = z.iso.date();

export const headerName = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "not a header name")
  .max(100);
export const headerValue = z
  .string()
  .regex(/^[\x20-\x7e]*$/, "printable ASCII")
  .max(500);
export const headers = z.record(headerName, headerValue);
export const params = z.record(z.string().min(1).max(100), z.string().max(1000));
export const seconds = z.number().int().min(1);

/** How the client shows who it is: HTTP Basic, `client_id` and `client_secret` in the body, no secret, or a signed JWT. */
export const clientAuth = z.enum(["basic", "post", "none", "private_key_jwt"]);
export type ClientAuth = z.infer<typeof clientAuth>;

export const httpMethod = z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]);
