import { z } from "zod";
import { uuid } from "./ids.ts";
import { providerScopes } from "./providers.ts";
import { ApiKey } from "./resources.ts";
import { Scope } from "./scopes.ts";
import { name, slug, timestamp, ttlSeconds } from "./values.ts";

const metadata = z
  .record(z.string().min(1).max(200), z.unknown())
  .refine((value) => JSON.stringify(value).length <= 8192, "at most 8 KB");
const cidr = z
  .string()
  .max(50)
  .regex(/^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/, "an address, or a range such as 10.0.0.0/8");

/** What a key is bound to, beside its scopes. */
export const KeyConstraints = z.strictObject({
  /** Callers at other addresses are refused. */
  cidrs: z.array(cidr).min(1).max(50).optional(),
  requests_per_minute: z.number().int().min(1).max(100_000).optional(),
});
export type KeyConstraints = z.infer<typeof KeyConstraints>;

export const AGENT_STATUSES = ["active", "paused", "revoked"] as const;

/** A workload with an identity of its own: own keys, own audit trail, and only what it was given. */
export const Agent = z.object({
  agent_id: uuid,
  app_id: uuid,
  /** Stable within the app. */
  name: slug,
  display_name: z.string().nullable(),
  type: z.enum(["agent", "service"]),
  status: z.enum(AGENT_STATUSES),
  /** By provider: the most it may be delegated. Empty: nothing is ruled out. */
  scopes: z.record(z.string(), z.array(z.string())),
  metadata: z.record(z.string(), z.unknown()),
  created_at: timestamp,
  updated_at: timestamp,
});
export type Agent = z.infer<typeof Agent>;
export const AgentList = z.object({ agents: z.array(Agent) });
export const AgentQuery = z.object({ include_revoked: z.enum(["true", "false"]).optional(), name: slug.optional() });
export const AgentCreate = z.strictObject({
  name: slug,
  display_name: name.optional(),
  type: z.enum(["agent", "service"]).default("agent"),
  scopes: z.record(slug, providerScopes).default({}),
  metadata: metadata.default({}),
  /** The same key and body again give the same agent; the API key is in the first answer only. */
  idempotency_key: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x20-\x7e]+$/)
    .optional(),
  key: z
    .strictObject({
      name: name.optional(),
      scopes: z.array(Scope).min(1).optional(),
      constraints: KeyConstraints.optional(),
      expires_in_seconds: ttlSeconds.optional(),
    })
    .optional(),
});
export type AgentCreate = z.input<typeof AgentCreate>;
/** `api_key` is null when the answer is about an agent that was made before. */
export const AgentCreated = Agent.extend({ api_key: z.string().nullable(), key_id: z.string().nullable() });
export type AgentCreated = z.infer<typeof AgentCreated>;
export const AgentUpdate = z.strictObject({
  display_name: name.nullable().optional(),
  scopes: z.record(slug, providerScopes).optional(),
  metadata: metadata.optional(),
});
export type AgentUpdate = z.input<typeof AgentUpdate>;
export const AgentKeyCreate = z.strictObject({
  name: name.optional(),
  scopes: z.array(Scope).min(1).optional(),
  constraints: KeyConstraints.optional(),
  expires_in_seconds: ttlSeconds.optional(),
});
export type AgentKeyCreate = z.input<typeof AgentKeyCreate>;
export const AgentKeyList = z.object({ keys: z.array(ApiKey) });
export const KeyRevoke = z.strictObject({
  /** Also when it is the last active key of its agent. */
  force: z.boolean().default(false),
});
/** A new key with the same rights; the old one is deprecated and works until it is revoked. */
export const KeyRotate = z.strictObject({ expires_in_seconds: ttlSeconds.optional() });

/** One agent's right to use one user's grant. */
export const Delegation = z.object({
  delegation_id: uuid,
  app_id: uuid,
  agent_id: uuid,
  grant_id: uuid,
  provider_id: z.string(),
  user_id: uuid,
  status: z.enum(["active", "expired", "revoked"]),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  revoked_at: timestamp.nullable(),
});
export type Delegation = z.infer<typeof Delegation>;
export const DelegationCreate = z.strictObject({ agent_id: uuid, expires_in_seconds: ttlSeconds.optional() });
export type DelegationCreate = z.input<typeof DelegationCreate>;
export const DelegationQuery = z.object({ agent_id: uuid.optional(), grant_id: uuid.optional() });
export const DelegationList = z.object({ delegations: z.array(Delegation) });
