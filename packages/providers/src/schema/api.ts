import { z } from "zod";
import { apiHost, headerName, headers, httpMethod, line, urlTemplate } from "./values.ts";

/** How the token is put into a call. The same words as the injection rule of managed secrets. */
export const Inject = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bearer") }),
  z.strictObject({
    kind: z.literal("header"),
    name: headerName,
    /** Before the token, with one space: `Zoho-oauthtoken`. */
    prefix: headerName.optional(),
  }),
  z.strictObject({ kind: z.literal("query"), name: z.string().min(1).max(60) }),
]);
export type Inject = z.infer<typeof Inject>;

/** Calling the API with the token. */
export const Api = z.strictObject({
  /** Where operations' paths begin. May be a variable: `{instance_url}`. */
  baseUrl: urlTemplate,
  /** The only hosts that may see the credential. As narrow as the provider's API allows. */
  hosts: z.array(apiHost).min(1).max(40),
  /** Put into every call that does not set them. `{client_id}` may be used. `User-Agent` is always sent. */
  headers: headers.default({}),
  inject: Inject.default({ kind: "bearer" }),
  rateLimit: z
    .strictObject({
      /** In words, from the documentation. */
      note: line.optional(),
      /** Seconds to wait, or a date. */
      retryAfter: headerName.optional(),
      remaining: headerName.optional(),
      reset: headerName.optional(),
      resetFormat: z.enum(["unix", "seconds", "iso"]).optional(),
    })
    .optional(),
});
export type Api = z.infer<typeof Api>;

/** `admin`: changes who may do what, billing, or reaches beyond the user's own data. */
export const ScopeAccess = z.enum(["read", "write", "admin"]);

export const CatalogueScope = z.strictObject({
  id: z.string().min(1).max(200),
  /** What an end user reads on the consent page. */
  description: line,
  access: ScopeAccess,
  /** Scopes of this entry that it contains. */
  implies: z.array(z.string()).default([]),
  /** Which token it is for, where a provider issues two. */
  audience: z.enum(["app", "user"]).optional(),
  /** The provider asks for a review, or shows a warning. */
  sensitive: z.boolean().default(false),
});
export type CatalogueScope = z.infer<typeof CatalogueScope>;

/** A named call, so that a policy and a person can speak of `google.gmail.send` instead of a URL. */
export const Operation = z.strictObject({
  /** Unique in the entry: `gmail.messages.list`. */
  id: z.string().regex(/^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*){0,3}$/, "words in lower case, joined by dots"),
  /** What it does, for the consent page and the approval: "Send a mail". */
  summary: line,
  method: httpMethod,
  /** Below `api.baseUrl`, or an https URL on one of `api.hosts`. `{id}` is a parameter of the call. */
  path: z
    .string()
    .regex(/^(?:\/|https:\/\/)[^\s?#]*$/, "a path, or an https URL, without a query")
    .max(300),
  /** For GraphQL: the document; the caller gives the variables. */
  graphql: z.string().max(4000).optional(),
  /** All of these are needed. */
  scopes: z.array(z.string()).default([]),
  /** One of these is enough. */
  anyScope: z.array(z.string()).default([]),
  /** `destructive`: deletes, sends, pays, or cannot be taken back. */
  access: z.enum(["read", "write", "destructive"]),
});
export type Operation = z.infer<typeof Operation>;
