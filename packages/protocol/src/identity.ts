import { z } from "zod";
import { uuid } from "./ids.ts";
import { Scope } from "./scopes.ts";
import { name, slug, timestamp, ttlSeconds } from "./values.ts";

/** Presets of identity providers: where each keeps what in its tokens. `oidc` is any other. */
export const IDP_PRESETS = [
  "auth0",
  "clerk",
  "cognito",
  "entra",
  "firebase",
  "google",
  "keycloak",
  "oidc",
  "okta",
  "supabase",
  "workos",
] as const;

/** No symmetric ones: a key that verifies must not be able to sign. */
export const IDP_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;
export const IdpAlgorithm = z.enum(IDP_ALGORITHMS);

/** A claim by its name, or by a JSON Pointer when it lies deeper: `groups`, `/realm_access/roles`, `/o/rol`. */
const claimPath = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[\x21-\x7e]+$/, "a claim name, or a JSON Pointer");

export const IdpClaims = z.strictObject({
  /** Who it is, for good. Locked once a user has signed in. */
  user_id: claimPath,
  email: claimPath,
  name: claimPath,
  /** A list of texts, or of objects with an `id` or `name`. Left out: tokens say nothing about groups. */
  groups: claimPath.nullable(),
});
export type IdpClaims = z.infer<typeof IdpClaims>;

export const IdentityProvider = z.object({
  idp_id: uuid,
  app_id: uuid,
  name,
  preset: z.enum(IDP_PRESETS),
  issuer: z.string(),
  audiences: z.array(z.string()),
  /** Tokens must name one of these as `azp` (or `client_id`, where there is no `azp`); empty: not looked at. */
  authorized_parties: z.array(z.string()),
  algorithms: z.array(IdpAlgorithm),
  jwks_url: z.string(),
  claims: IdpClaims,
  claims_locked: z.boolean(),
  /** For signing in with `authenticate()`. */
  client_id: z.string().nullable(),
  status: z.enum(["active", "disabled"]),
  webhook: z.enum(["svix", "auth0", "generic"]).nullable(),
  webhook_url: z.string(),
  scim_enabled: z.boolean(),
  scim_url: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type IdentityProvider = z.infer<typeof IdentityProvider>;
export const IdentityProviderList = z.object({ identity_providers: z.array(IdentityProvider) });

const issuer = z.string().min(1).max(500);
const idpFields = {
  name: name.optional(),
  audiences: z.array(z.string().min(1).max(500)).min(1, "name at least one audience").max(20),
  authorized_parties: z.array(z.string().min(1).max(500)).max(20).optional(),
  algorithms: z.array(IdpAlgorithm).min(1).optional(),
  claims: IdpClaims.partial().optional(),
  client_id: z.string().min(1).max(500).nullable().optional(),
};
export const IdentityProviderCreate = z.strictObject({
  issuer,
  /** Default: recognised by the issuer. */
  preset: z.enum(IDP_PRESETS).optional(),
  ...idpFields,
});
export type IdentityProviderCreate = z.input<typeof IdentityProviderCreate>;
export const IdentityProviderUpdate = z.strictObject({
  ...idpFields,
  audiences: idpFields.audiences.optional(),
  status: z.enum(["active", "disabled"]).optional(),
});
export type IdentityProviderUpdate = z.input<typeof IdentityProviderUpdate>;

/** What an issuer says about itself, before anything is stored. */
export const IdentityProviderDiscover = z.strictObject({ issuer, preset: z.enum(IDP_PRESETS).optional() });
export const IdentityProviderPreview = z.object({
  issuer: z.string(),
  preset: z.enum(IDP_PRESETS),
  jwks_url: z.string(),
  keys: z.number().int(),
  algorithms: z.array(IdpAlgorithm),
  claims: IdpClaims,
  authorization_endpoint: z.string().nullable(),
  token_endpoint: z.string().nullable(),
  notes: z.array(z.string()),
});
export type IdentityProviderPreview = z.infer<typeof IdentityProviderPreview>;

export const IdpWebhookPut = z.strictObject({
  kind: z.enum(["svix", "auth0", "generic"]),
  /** Goes in and never comes out. */
  secret: z.string().min(16, "use at least 16 characters").max(500),
});
/** Shown once. */
export const ScimToken = z.object({ scim_url: z.string(), scim_token: z.string() });
export type ScimToken = z.infer<typeof ScimToken>;

export const USER_STATUSES = ["active", "suspended", "deleted", "erased"] as const;
export const User = z.object({
  user_id: uuid,
  app_id: uuid,
  idp_id: uuid,
  external_subject_id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  status: z.enum(USER_STATUSES),
  groups: z.array(z.object({ group_id: uuid, external_group_id: z.string(), name: z.string() })),
  created_at: timestamp,
  last_seen_at: timestamp.nullable(),
});
export type User = z.infer<typeof User>;
export const UserList = z.object({ users: z.array(User), next_cursor: z.string().nullable(), has_more: z.boolean() });
export const Group = z.object({
  group_id: uuid,
  app_id: uuid,
  idp_id: uuid,
  external_group_id: z.string(),
  name: z.string(),
  members: z.number().int(),
  created_at: timestamp,
});
export type Group = z.infer<typeof Group>;
export const GroupList = z.object({
  groups: z.array(Group),
  next_cursor: z.string().nullable(),
  has_more: z.boolean(),
});
export const DirectoryQuery = z.object({
  idp_id: uuid.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).optional(),
});

/** Who is asking, as the vault sees it. Key on `user_id`, never on an address or a raw subject. */
export const Identity = z.object({
  app_id: uuid,
  user_id: uuid.nullable(),
  idp_id: uuid.nullable(),
  external_subject_id: z.string().nullable(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  user_status: z.enum(USER_STATUSES).nullable(),
  groups: z.array(z.object({ group_id: uuid, external_group_id: z.string(), name: z.string() })),
  agent_id: uuid.nullable(),
  session_id: uuid.nullable(),
});
export type Identity = z.infer<typeof Identity>;

/** Stands in for the user's own token, and can do less. Made from a user's token, or from another session. */
export const VaultSessionCreate = z.strictObject({
  /** Default and bound: those of the key and of the session it is made from. */
  scopes: z.array(Scope).min(1).optional(),
  /** Only for these providers. */
  providers: z.array(slug).min(1).max(100).optional(),
  /** Only for these grants. */
  grants: z.array(uuid).min(1).max(100).optional(),
  /** Only together with a key of this agent. */
  agent_id: uuid.optional(),
  /** Default: 900. Never longer than the user's token or the session it is made from. */
  expires_in_seconds: ttlSeconds.max(86_400).optional(),
});
export type VaultSessionCreate = z.input<typeof VaultSessionCreate>;
export const VaultSession = z.object({
  session_id: uuid,
  /** Shown once. */
  session_token: z.string(),
  user_id: uuid,
  agent_id: uuid.nullable(),
  scopes: z.array(Scope),
  providers: z.array(z.string()).nullable(),
  grants: z.array(uuid).nullable(),
  expires_in: z.number().int(),
  expires_at: timestamp,
});
export type VaultSession = z.infer<typeof VaultSession>;
export const VaultSessionRevoked = z.object({ session_id: uuid, revoked_at: timestamp });
