import { z } from "zod";
import { Api, CatalogueScope, Operation } from "./schema/api.ts";
import { Authorize, Device } from "./schema/authorize.ts";
import { Errors } from "./schema/errors.ts";
import { Fixtures } from "./schema/fixtures.ts";
import { Identity } from "./schema/identity.ts";
import { Introspect, Revoke } from "./schema/revoke.ts";
import { Refresh, Token } from "./schema/token.ts";
import { day, line, slug, urlTemplate, variableName, webPage } from "./schema/values.ts";
import { Variable } from "./schema/variable.ts";

/** Shelves of the provider picker. */
export const CATEGORIES = [
  "accounting",
  "analytics",
  "calendar",
  "cloud",
  "cms",
  "commerce",
  "communication",
  "crm",
  "design",
  "developer",
  "documents",
  "email",
  "events",
  "finance",
  "generic",
  "hr",
  "identity",
  "incident",
  "marketing",
  "media",
  "productivity",
  "project",
  "sales",
  "social",
  "storage",
  "support",
] as const;

/**
 * Flows that data alone cannot describe. Each name is code in the OAuth engine; an entry can only choose one of them.
 * - `github-app-installation`: installation id from the callback, tokens by a JWT signed with the app's key
 * - `shopify-callback-hmac`: the callback carries an HMAC over its parameters, by the client secret
 * - `meta-appsecret-proof`: every call carries an HMAC of the token, by the client secret
 */
export const STRATEGIES = ["github-app-installation", "shopify-callback-hmac", "meta-appsecret-proof"] as const;

/**
 * One provider of the catalogue. Data only: what an entry cannot say, it cannot do. It trusts nobody's values: each
 * variable has a pattern or pinned hosts, and the credential goes to `api.hosts` and nowhere else.
 */
export const Provider = z.strictObject({
  /** Also the name of the file. */
  id: slug,
  name: line,
  /** Other ids it is found by. */
  aliases: z.array(slug).default([]),
  category: z.enum(CATEGORIES),
  /** One sentence for the provider picker. */
  description: line,
  /**
   * `oauth2`: authorization code. `oidc`: the same with an id token, and discovery. `client-credentials`: no user.
   * `jwt-bearer`: RFC 7523. `github-app`: installation tokens.
   */
  kind: z.enum(["oauth2", "oidc", "client-credentials", "jwt-bearer", "github-app"]),
  status: z.enum(["stable", "beta", "deprecated"]).default("stable"),
  /** Pages of the provider for people who set it up. */
  docs: z.strictObject({
    /** How its OAuth works. */
    oauth: webPage,
    /** Where an app is registered. */
    console: webPage.optional(),
    scopes: webPage.optional(),
    api: webPage.optional(),
  }),
  /** The pages of the provider's own documentation this entry was written from. */
  sources: z.array(webPage).min(1),
  /** The day somebody last compared it with the sources. */
  verifiedOn: day,
  /**
   * How far it was held against the sources on that day: `whole`, field by field; `partly`, where the notes say what was
   * not; `not`, when the entry comes from general knowledge and waits for somebody to read the pages.
   */
  verified: z.enum(["whole", "partly", "not"]),
  /** Parts of the URLs that differ by tenant, region or environment. */
  variables: z.record(variableName, Variable).default({}),
  /** OpenID Connect discovery; what is also written here wins. */
  discovery: urlTemplate.optional(),
  /** Needed for `oauth2` and `oidc`. */
  authorize: Authorize.optional(),
  device: Device.optional(),
  token: Token,
  refresh: Refresh,
  revoke: Revoke,
  introspect: Introspect.optional(),
  identity: Identity,
  errors: Errors.prefault({}),
  api: Api,
  /** The usual scopes. Others may be asked for by name; they count as `admin`. */
  scopes: z.array(CatalogueScope).default([]),
  operations: z.array(Operation).default([]),
  strategy: z.enum(STRATEGIES).optional(),
  /** What an operator should know: reviews, limits, traps. One fact each. */
  notes: z.array(line).default([]),
  fixtures: Fixtures,
});
/** An entry with all defaults filled in. */
export type Provider = z.infer<typeof Provider>;
/** An entry as it is written. */
export type ProviderInput = z.input<typeof Provider>;
