import { z } from "zod";
import { PROXY_METHODS } from "../envelope.ts";
import { PolicyDocument } from "./document.ts";

const id = z.string().min(1).max(320);

/**
 * A call that nobody has made: what a policy would say of it. What is left out is not there; the method is GET, the
 * provider `demo`, the grant `grant`, made at the time of the call, which is 2026-01-01T00:00:00Z.
 */
export const PolicyRequest = z.strictObject({
  mode: z.enum(["proxy", "retrieve"]).optional(),
  method: z.enum(PROXY_METHODS).optional(),
  url: z.string().min(1).max(16_384),
  headers: z.record(z.string(), z.string()).optional(),
  /** One of: the body as it is sent, a value that is sent as JSON, or names and values of a form. */
  body: z.string().optional(),
  json: z.unknown().optional(),
  form: z.record(z.string(), z.string()).optional(),
  /** The body is passed on while it arrives, so nobody can look into it. */
  streamed: z.boolean().optional(),
  provider: id.optional(),
  grant: id.optional(),
  secret: id.nullable().optional(),
  agent: id.nullable().optional(),
  user: id.nullable().optional(),
  groups: z.array(id).optional(),
  /** What was granted with the account. */
  scopes: z.array(z.string()).optional(),
  source_ip: z.string().nullable().optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  grant_created_at: z.iso.datetime({ offset: true }).optional(),
  claims: z.record(z.string(), z.string()).optional(),
});
export type PolicyRequest = z.infer<typeof PolicyRequest>;

export const POLICY_OUTCOMES = ["allow", "deny", "require_approval"] as const;

/** What a policy must say of a call. */
export const PolicyCase = z.strictObject({
  name: z.string().min(1).max(300),
  request: PolicyRequest.partial(),
  expect: z.enum(POLICY_OUTCOMES),
  /** The rule that denies, or one that asks for approval. */
  rule: z.string().optional(),
  /** A part of the reason. */
  reason: z.string().optional(),
  /** The limits the call counts for. */
  limits: z.array(z.string()).optional(),
});
export type PolicyCase = z.infer<typeof PolicyCase>;

/** A file of cases, for the published policy or for the one it brings along. */
export const PolicyCases = z.strictObject({
  about: z.string().optional(),
  policy: PolicyDocument.optional(),
  /** Of every request that says nothing else. */
  request: PolicyRequest.partial().optional(),
  cases: z.array(PolicyCase).min(1).max(100_000),
});
export type PolicyCases = z.infer<typeof PolicyCases>;
