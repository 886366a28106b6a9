import { z } from "zod";

/** What an API key may do. A key has no other rights than its scopes, in its own app; `apps:write` alone reaches beyond. */
export const SCOPES = [
  "proxy:execute",
  "tokens:retrieve",
  "grants:read",
  "grants:write",
  "connect:initiate",
  "providers:read",
  "providers:write",
  "secrets:read",
  "secrets:write",
  "audit:read",
  "audit:write",
  "policy:read",
  "policy:write",
  "approvals:read",
  "approvals:write",
  "agents:read",
  "agents:write",
  "identity:read",
  "identity:write",
  "identity:erase",
  "sessions:write",
  "keys:read",
  "keys:write",
  "apps:read",
  "apps:write",
  "keyring:write",
] as const;

export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

/** What a key for an application gets unless asked otherwise. */
export const RUNTIME_SCOPES: readonly Scope[] = [
  "proxy:execute",
  "tokens:retrieve",
  "grants:read",
  "grants:write",
  "connect:initiate",
  "providers:read",
  "sessions:write",
];

/** What a key of an agent gets unless asked otherwise, and the most it can get. */
export const AGENT_SCOPES: readonly Scope[] = ["proxy:execute", "tokens:retrieve", "grants:read", "connect:initiate"];
