import { z } from "zod";
import { uuid } from "./ids.ts";
import { providerScopes, providerVariables } from "./providers.ts";
import { name, slug, timestamp, ttlSeconds } from "./values.ts";

/** Bounds for how long a grant lives. Connecting again may ask for less than `max_ttl_seconds`, never for more. */
export const GrantPolicy = z
  .strictObject({
    max_ttl_seconds: ttlSeconds.optional(),
    default_ttl_seconds: ttlSeconds.optional(),
    expires_at: timestamp.optional(),
  })
  .refine(
    ({ max_ttl_seconds: max, default_ttl_seconds: usual }) => max === undefined || usual === undefined || usual <= max,
    { path: ["default_ttl_seconds"], message: "is over max_ttl_seconds" },
  );
export type GrantPolicy = z.infer<typeof GrantPolicy>;

/** Custom data kept with a grant: settings, labels, mappings. */
export const GrantData = z.record(z.string().min(1).max(200), z.unknown());
export type GrantData = z.infer<typeof GrantData>;
export const GrantDataPut = z.strictObject({ data: GrantData });

export const ConnectSessionCreate = z.strictObject({
  /** Left out: every provider that is configured. */
  allowed_providers: z.array(slug).min(1).max(100).optional(),
  /** Where the browser goes afterwards. Must be on the app's list, letter by letter. */
  return_url: z.url().max(2000).optional(),
  /** The page that opens the popup. Must be on the app's list. Left out: the first of the list. */
  allowed_origin: z.string().min(1).max(300).optional(),
  grant_policy: GrantPolicy.optional(),
  /** By provider: what is asked for, instead of the defaults. */
  required_scopes: z.record(slug, providerScopes).optional(),
  /** By provider: values of variables, so that the user need not fill them in. */
  variables: z.record(slug, providerVariables).optional(),
  /** The name of the agent that asks, shown on the consent page. */
  agent: name.optional(),
  label: name.optional(),
  data: GrantData.optional(),
  /** Connect this very grant again: another account is refused. */
  grant_id: uuid.optional(),
  /** Suggested to the provider: the account the user probably wants. */
  login_hint: z.string().min(1).max(320).optional(),
  metadata: z
    .strictObject({
      /** Only a browser at this address may use the session. */
      ip_address: z.string().min(1).max(64).optional(),
      user_agent: z.string().min(1).max(500).optional(),
    })
    .optional(),
  /** How long the link works. Default: 600. */
  expires_in_seconds: z.number().int().min(60).max(86_400).optional(),
});
export type ConnectSessionCreate = z.input<typeof ConnectSessionCreate>;

/** The token is the right to use the session: it is shown once, here. */
export const ConnectSession = z.object({
  session_id: uuid,
  session_token: z.string(),
  connect_url: z.string(),
  expires_in: z.number().int(),
  expires_at: timestamp,
});
export type ConnectSession = z.infer<typeof ConnectSession>;

/** A connected account, in the words the browser package and the SDK hand on. */
export const ConnectedGrant = z.object({
  grant_id: uuid,
  provider: z.string(),
  provider_name: z.string(),
  account_identifier: z.string(),
  account_display_name: z.string().nullable(),
  scopes: z.array(z.string()),
  /** Asked for, but not granted. */
  missing_scopes: z.array(z.string()),
  status: z.enum(["active", "pending", "error"]),
  operation: z.enum(["creation", "reauth"]),
  timestamp,
  expires_at: timestamp.nullable(),
  grant_policy: GrantPolicy.nullable(),
});
export type ConnectedGrant = z.infer<typeof ConnectedGrant>;

export const CONNECT_STATUSES = ["pending", "completed", "denied", "failed", "expired"] as const;
export const ConnectSessionState = z.object({
  session_id: uuid,
  status: z.enum(CONNECT_STATUSES),
  /** What was connected so far. */
  grants: z.array(ConnectedGrant),
  /** The last thing that went wrong. A pending session may still succeed. */
  error: z.object({ code: z.string(), detail: z.string(), provider_id: z.string().nullable() }).nullable(),
  expires_at: timestamp,
});
export type ConnectSessionState = z.infer<typeof ConnectSessionState>;
export const ConnectSessionPoll = z.strictObject({ session_token: z.string().min(1).max(200) });

/** RFC 8628: the user enters a code on another device. The session is polled like any other. */
export const DeviceConnectCreate = z.strictObject({
  provider: slug,
  scopes: providerScopes.optional(),
  variables: providerVariables.default({}),
  grant_policy: GrantPolicy.optional(),
  label: name.optional(),
});
export type DeviceConnectCreate = z.input<typeof DeviceConnectCreate>;
export const DeviceConnect = z.object({
  session_id: uuid,
  session_token: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  verification_uri_complete: z.string().nullable(),
  interval: z.number().int(),
  expires_in: z.number().int(),
  expires_at: timestamp,
});
export type DeviceConnect = z.infer<typeof DeviceConnect>;

/** What an app says once about its own front end. */
export const ConnectSettings = z.object({
  /** Shown on the consent page. Default: the app's name. */
  display_name: name.nullable(),
  website_url: z
    .url({ protocol: /^https?$/ })
    .max(300)
    .nullable(),
  return_urls: z.array(z.url({ protocol: /^https?$/ }).max(2000)).max(100),
  /** `https://app.example.com`, without a path. */
  origins: z.array(z.string().regex(/^https?:\/\/[^/\s?#@]+$/, "an origin: scheme and host, without a path")).max(100),
});
export type ConnectSettings = z.infer<typeof ConnectSettings>;
export const ConnectSettingsPut = z.strictObject({
  display_name: ConnectSettings.shape.display_name.default(null),
  website_url: ConnectSettings.shape.website_url.default(null),
  return_urls: ConnectSettings.shape.return_urls.default([]),
  origins: ConnectSettings.shape.origins.default([]),
});

/** Which grants to revoke at once. At least one condition, or `all`. */
export const GrantsRevoke = z
  .strictObject({
    provider_id: z.string().max(100).optional(),
    account_identifier: z.string().max(320).optional(),
    created_before: timestamp.optional(),
    created_after: timestamp.optional(),
    all: z.literal(true).optional(),
    reason: z.string().min(1).max(1000).optional(),
    /** Counts, and changes nothing. */
    dry_run: z.boolean().default(false),
  })
  .refine(
    ({ provider_id, account_identifier, created_before, created_after, all }) =>
      [provider_id, account_identifier, created_before, created_after, all].some((value) => value !== undefined),
    { message: "name a condition, or all: true" },
  );
export type GrantsRevoke = z.input<typeof GrantsRevoke>;
export const GrantsRevoked = z.object({
  matched: z.number().int(),
  revoked: z.number().int(),
  /** The provider took the revocation. */
  revoked_at_provider: z.number().int(),
  /** The material is gone here, but the provider did not take the revocation. */
  failed_at_provider: z.array(z.object({ grant_id: uuid, detail: z.string() })),
  dry_run: z.boolean(),
});
export type GrantsRevoked = z.infer<typeof GrantsRevoked>;
