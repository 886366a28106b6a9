import { z } from "zod";
import { GrantPolicy } from "./connect.ts";
import { uuid } from "./ids.ts";
import { Scope } from "./scopes.ts";
import { name, slug, timestamp, ttlSeconds } from "./values.ts";

/** Lists are paged by `cursor`; `offset` is understood as well, up to 10,000. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(10_000).default(0),
  cursor: z.string().max(200).optional(),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** `total` counts up to 10,001 and stops there; `total_capped` says so. */
const page = { limit: z.number(), offset: z.number(), has_more: z.boolean(), next_cursor: z.string().nullable() };
const counted = { ...page, total: z.number(), total_capped: z.boolean() };

export const App = z.object({ app_id: uuid, name, created_at: timestamp });
export type App = z.infer<typeof App>;
export const AppCreate = z.strictObject({ name });
export const AppList = z.object({ apps: z.array(App) });

export const ApiKey = z.object({
  key_id: z.string(),
  app_id: uuid,
  name,
  scopes: z.array(Scope),
  prefix: z.string(),
  /** The agent it belongs to; null: the app itself. */
  agent_id: uuid.nullable(),
  /** `deprecated` still works; the answers say so with `alter-key-deprecated`. */
  status: z.enum(["active", "deprecated", "expired", "revoked"]),
  cidrs: z.array(z.string()).nullable(),
  requests_per_minute: z.number().int().nullable(),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  deprecated_at: timestamp.nullable(),
  revoked_at: timestamp.nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;
export const ApiKeyCreate = z.strictObject({
  name,
  scopes: z.array(Scope).min(1).optional(),
  constraints: z
    .strictObject({
      cidrs: z.array(z.string().max(50)).min(1).max(50).optional(),
      requests_per_minute: z.number().int().min(1).max(100_000).optional(),
    })
    .optional(),
  expires_in_seconds: ttlSeconds.optional(),
});
/** The only time the key itself is shown. */
export const ApiKeyCreated = ApiKey.extend({ api_key: z.string() });
export type ApiKeyCreated = z.infer<typeof ApiKeyCreated>;
export const ApiKeyList = z.object({ keys: z.array(ApiKey) });

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerName = z.string().regex(token, "not a header name").max(100);
const queryName = z.string().min(1).max(100);
/** A credential travels in a header: no control characters, nothing beyond Latin-1. */
const material = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[\x20-\x7e\x80-\xff]*$/, "holds a control character or a character that no HTTP header can carry");
const fieldName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "field names are snake_case");

export const SECRET_KINDS = ["bearer", "api-key", "basic", "sigv4", "custom"] as const;

/** How a managed secret is put into a call. Public: it holds no part of the value. */
export const InjectionRule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bearer") }),
  z
    .strictObject({
      kind: z.literal("api-key"),
      in: z.enum(["header", "query"]).default("header"),
      name: z.string().min(1).max(100).default("x-api-key"),
      /** Put before the key with one space, as in `Authorization: Token abc`. Headers only. */
      prefix: z.string().regex(token).max(40).optional(),
    })
    .refine((rule) => rule.in === "query" || token.test(rule.name), { path: ["name"], message: "not a header name" })
    .refine((rule) => rule.in === "header" || rule.prefix === undefined, {
      path: ["prefix"],
      message: "for headers only",
    }),
  z.strictObject({ kind: z.literal("basic") }),
  z.strictObject({
    kind: z.literal("sigv4"),
    region: z.string().max(64).optional(),
    service: z.string().max(64).optional(),
  }),
  z.strictObject({
    kind: z.literal("custom"),
    /** Header name -> template; `{field}` stands for a field of the value. */
    headers: z.record(headerName, z.string().min(1).max(1000)).default({}),
    query: z.record(queryName, z.string().min(1).max(1000)).default({}),
  }),
]);
export type InjectionRule = z.infer<typeof InjectionRule>;

/** The secret value itself. Goes in, never comes out. */
export const SecretMaterial = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bearer"), token: material }),
  z.strictObject({ kind: z.literal("api-key"), key: material }),
  z.strictObject({
    kind: z.literal("basic"),
    // RFC 7617, 2: the first colon ends the user name.
    username: z
      .string()
      .max(1000)
      .regex(/^[^:]*$/, "a user name cannot hold a colon"),
    password: z.string().max(4000),
  }),
  z.strictObject({
    kind: z.literal("sigv4"),
    access_key_id: material,
    secret_access_key: material,
    session_token: material.optional(),
  }),
  z.strictObject({ kind: z.literal("custom"), fields: z.record(fieldName, material) }),
]);
export type SecretMaterial = z.infer<typeof SecretMaterial>;

/**
 * Hosts that may see the credential: `api.example.com`, `api.example.com:8443`, `*.example.com` (one or more labels in
 * front), or, where the operator allows it for development, `http://127.0.0.1:4000`.
 */
const allowedHosts = z.array(z.string().min(1).max(300)).min(1, "name at least one host").max(100);

export const Secret = z.object({
  secret_id: uuid,
  app_id: uuid,
  name,
  provider: slug,
  kind: z.enum(SECRET_KINDS),
  injection: InjectionRule,
  allowed_hosts: allowedHosts,
  version: z.number().int(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type Secret = z.infer<typeof Secret>;
export const SecretCreate = z.strictObject({
  name,
  /** What `request(…, { provider })` finds it by. Default: made from the name. */
  provider: slug.optional(),
  injection: InjectionRule,
  value: SecretMaterial,
  allowed_hosts: allowedHosts,
  label: name.optional(),
});
export type SecretCreate = z.input<typeof SecretCreate>;
export const SecretCreated = Secret.extend({ grant_id: uuid });
export type SecretCreated = z.infer<typeof SecretCreated>;
export const SecretUpdate = z.strictObject({ name: name.optional(), allowed_hosts: allowedHosts.optional() });
export type SecretUpdate = z.infer<typeof SecretUpdate>;
export const SecretRotate = z.strictObject({ value: SecretMaterial });
export const SecretList = z.object({ secrets: z.array(Secret), ...counted });

/**
 * On whose behalf a credential exists. A label is needed where a person sees the grant. An agent is known by its id, or is
 * the one whose key signs.
 */
export const Principal = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("system"), label: name.optional() }),
  z.strictObject({
    type: z.literal("user"),
    /** The user's own token, or the id of one who was seen before. */
    user_token: z.string().min(1).max(16_384).optional(),
    user_id: uuid.optional(),
    label: name,
  }),
  z.strictObject({
    type: z.literal("group"),
    idp_id: uuid,
    external_group_id: z.string().min(1).max(300),
    label: name,
  }),
  z.strictObject({ type: z.literal("agent"), agent_id: uuid.optional(), label: name.optional() }),
]);
export type Principal = z.infer<typeof Principal>;

export const GRANT_STATUSES = ["active", "revoked", "deleted", "expired"] as const;
export const Grant = z.object({
  grant_id: uuid,
  app_id: uuid,
  grant_kind: z.enum(["managed_secret", "oauth"]),
  /** Of a managed secret; null for OAuth. */
  secret_id: uuid.nullable(),
  provider_id: z.string(),
  principal_type: z.enum(["system", "user", "group", "agent"]),
  /** Of the user, group or agent. */
  principal_id: uuid.nullable(),
  label: z.string().nullable(),
  status: z.enum(GRANT_STATUSES),
  allow_retrieve: z.boolean(),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  revoked_at: timestamp.nullable(),
  /** All that follows is about a connected account, and null or empty for a managed secret. */
  account_identifier: z.string().nullable(),
  account_display_name: z.string().nullable(),
  scopes: z.array(z.string()),
  /** The grant lacks scopes that were asked for, or that the app asks for by now. */
  scope_mismatch: z.boolean(),
  missing_scopes: z.array(z.string()),
  /** `failing`: refreshing does not work at the moment, and is tried again. `reauth_required`: the user must connect again. */
  credential_status: z.enum(["ok", "failing", "reauth_required"]).nullable(),
  credential_problem: z.string().nullable(),
  token_expires_at: timestamp.nullable(),
  last_refreshed_at: timestamp.nullable(),
  grant_policy: GrantPolicy.nullable(),
});
export type Grant = z.infer<typeof Grant>;
export const GrantCreate = z.strictObject({
  principal: Principal,
  expires_in_seconds: ttlSeconds.optional(),
  allow_retrieve: z.boolean().default(false),
});
export type GrantCreate = z.input<typeof GrantCreate>;
export const GrantUpdate = z.strictObject({ label: name.optional(), allow_retrieve: z.boolean().optional() });
export type GrantUpdate = z.infer<typeof GrantUpdate>;
export const GrantRevoke = z.strictObject({ reason: z.string().min(1).max(1000).optional() });
export const GrantRevoked = z.object({
  grant_id: uuid,
  revoked_at: timestamp,
  success: z.literal(true),
  message: z.string(),
  /** What the provider said. `not_supported`: it has no revocation; `manual_url` is where the user can finish. */
  provider_revocation: z.enum(["not_applicable", "done", "failed", "not_supported"]),
  provider_detail: z.string().nullable(),
  manual_url: z.string().nullable(),
});
export type GrantRevoked = z.infer<typeof GrantRevoked>;
export const GrantQuery = PageQuery.extend({
  provider_id: z.string().max(100).optional(),
  status: z.enum(GRANT_STATUSES).optional(),
});
export type GrantQuery = z.infer<typeof GrantQuery>;
/** `data` is what the app keeps with the grant. */
export const GrantDataDocument = z.object({ grant_id: uuid, data: z.record(z.string(), z.unknown()) });
export const GrantList = z.object({ grants: z.array(Grant), ...counted });
export type GrantList = z.infer<typeof GrantList>;

export const KeyringState = z.object({
  provider: z.string(),
  master_keys: z.array(z.object({ id: z.string(), created_at: timestamp, active: z.boolean() })),
  data_keys: z.number().int(),
  sealed_records: z.number().int(),
  stale_records: z.number().int(),
});
export type KeyringState = z.infer<typeof KeyringState>;

export const KeysForget = z.strictObject({ replaced_before: timestamp });
export const KeysForgotten = z.object({ master_keys: z.number().int(), data_keys: z.number().int() });

export const WhoAmI = z.object({
  app_id: uuid,
  app_name: z.string(),
  key_id: z.string(),
  scopes: z.array(Scope),
  /** The agent the key belongs to. It is told also while it is paused. */
  agent: z.object({ agent_id: uuid, name: z.string(), status: z.enum(["active", "paused", "revoked"]) }).nullable(),
});
export const Health = z.object({
  status: z.enum(["ok", "unavailable"]),
  version: z.string(),
  detail: z.string().optional(),
});
export type Health = z.infer<typeof Health>;
export { page as pageFields };
