import { z } from "zod";
import { uuid } from "./ids.ts";
import { timestamp } from "./values.ts";

/** Names of provider scopes are the provider's own: anything printable without spaces. */
export const providerScope = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[\x21-\x7e]+$/, "a scope is printable ASCII without spaces");
export const providerScopes = z.array(providerScope).max(200);

/** Values of a provider's URL variables: tenant, region, shop. Which there are, `variables` of the provider says. */
export const providerVariables = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "names of variables are snake_case"),
  z.string().min(1).max(500),
);

export const ProviderVariable = z.object({
  name: z.string(),
  label: z.string(),
  description: z.string().optional(),
  /** Who gives it: `operator` in the configuration, `user` when connecting. Others come from the provider. */
  from: z.enum(["operator", "user", "callback", "token", "identity", "discovery"]),
  required: z.boolean(),
  default: z.string().optional(),
  values: z.array(z.string()).optional(),
  example: z.string(),
});

/** An entry of the catalogue, as seen from an app. */
export const ProviderInfo = z.object({
  provider_id: z.string(),
  name: z.string(),
  description: z.string(),
  category: z.string(),
  kind: z.string(),
  status: z.enum(["stable", "beta", "deprecated"]),
  /** `catalogue`: ships with the vault. `custom`: added for this app. */
  source: z.enum(["catalogue", "custom"]),
  /** How far the entry was compared with the provider's documentation. */
  verified: z.enum(["whole", "partly", "not"]),
  verified_on: z.string(),
  /** Client id and so on are set, so that users can connect. */
  configured: z.boolean(),
  variables: z.array(ProviderVariable),
  scopes: z.array(
    z.object({
      id: z.string(),
      description: z.string(),
      access: z.enum(["read", "write", "admin"]),
      sensitive: z.boolean(),
    }),
  ),
  operations: z.array(
    z.object({
      id: z.string(),
      summary: z.string(),
      method: z.string(),
      path: z.string(),
      access: z.enum(["read", "write", "destructive"]),
      /** For GraphQL: the document; a caller gives the variables. */
      graphql: z.string().optional(),
    }),
  ),
  /** What the paths of operations begin with. May hold variables: `https://{host}/api`. */
  api_base_url: z.string(),
  api_hosts: z.array(z.string()),
  docs_url: z.string(),
  console_url: z.string().nullable(),
  notes: z.array(z.string()),
});
export type ProviderInfo = z.infer<typeof ProviderInfo>;
export const ProviderQuery = z.object({
  /** Only those that users can connect. */
  configured: z.enum(["true", "false"]).optional(),
});
export const ProviderList = z.object({ providers: z.array(ProviderInfo) });
export type ProviderList = z.infer<typeof ProviderList>;
/** The text of an entry, in YAML or JSON. */
export const ProviderAdd = z.strictObject({ definition: z.string().min(1).max(200_000) });

/** How an app is known at a provider. The secret goes in and never comes out. */
export const ProviderConfig = z.object({
  provider_id: z.string(),
  app_id: uuid,
  client_id: z.string(),
  has_client_secret: z.boolean(),
  has_private_key: z.boolean(),
  variables: providerVariables,
  /** What may be asked for; null: everything. */
  allowed_scopes: providerScopes.nullable(),
  /** What is asked for when nobody says. */
  default_scopes: providerScopes,
  /** To be registered at the provider. */
  redirect_uri: z.string(),
  /** JSON schema of the data that may be kept with a grant; null: any object. */
  grant_schema: z.record(z.string(), z.unknown()).nullable(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type ProviderConfig = z.infer<typeof ProviderConfig>;
export const ProviderConfigPut = z.strictObject({
  client_id: z
    .string()
    .min(1)
    .max(1000)
    .regex(/^[\x20-\x7e]+$/, "printable ASCII"),
  /** Left out: keeps the one that is stored. */
  client_secret: z.string().min(1).max(4000).optional(),
  /** PEM (PKCS#8 or PKCS#1), for providers that want signed requests. Left out: keeps the one that is stored. */
  private_key: z.string().min(1).max(20_000).optional(),
  private_key_id: z.string().min(1).max(300).optional(),
  variables: providerVariables.default({}),
  allowed_scopes: providerScopes.nullable().default(null),
  default_scopes: providerScopes.default([]),
  /** What is registered at the provider, where that is not the vault's own callback (a RuName of eBay). */
  redirect_uri: z.string().min(1).max(1000).optional(),
  grant_schema: z.record(z.string(), z.unknown()).nullable().default(null),
});
export type ProviderConfigPut = z.input<typeof ProviderConfigPut>;

/** A grant that needs no user: the app itself, a service account, an installation. */
export const ServiceGrantCreate = z.strictObject({
  flow: z.enum(["client_credentials", "jwt_bearer", "installation"]),
  scopes: providerScopes.optional(),
  /** JWT bearer: on whose behalf. */
  subject: z.string().min(1).max(320).optional(),
  /** GitHub App. */
  installation_id: z
    .string()
    .regex(/^[0-9]{1,20}$/)
    .optional(),
  variables: providerVariables.default({}),
  label: z.string().trim().min(1).max(200).optional(),
  expires_in_seconds: z.number().int().min(1).max(315_360_000).optional(),
});
export type ServiceGrantCreate = z.input<typeof ServiceGrantCreate>;
