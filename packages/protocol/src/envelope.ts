import { z } from "zod";
import { uuid } from "./ids.ts";

const text = (max: number) => z.string().min(1).max(max);

/** The attribution of a call: written to the audit log, never used as authority. */
export const Caller = z.strictObject({
  type: z.enum(["agent", "service", "mcp_server"]).default("agent"),
  identifier: text(200).optional(),
  name: text(200).optional(),
  version: text(100).optional(),
  framework: text(100).optional(),
  client_type: text(100).optional(),
});
export type Caller = z.infer<typeof Caller>;

/**
 * Where in the framework a call comes from. `run_id`, `thread_id` and `tool_call_id` are searchable in the audit log;
 * other names are kept as they are.
 */
export const Context = z
  .record(
    z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, "names are snake_case, at most 64 characters"),
    z.string().max(512),
  )
  .refine((value) => Object.keys(value).length <= 32, "at most 32 names");
export type Context = z.infer<typeof Context>;

/** Path parameters by name, and query pairs in order (a name may come twice). */
export const TargetParams = z.strictObject({
  path: z.record(z.string().max(64), z.string().max(2048)).optional(),
  query: z
    .array(z.tuple([z.string().max(512), z.string().max(16_384)]))
    .max(200)
    .optional(),
});
export type TargetParams = z.infer<typeof TargetParams>;

export const PROXY_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;
export const ProxyMethod = z.enum(PROXY_METHODS);
export type ProxyMethod = z.infer<typeof ProxyMethod>;

/** Headers for the provider: pairs, so that order and repetition survive. */
export const ForwardHeaders = z.array(z.tuple([z.string().max(256), z.string().max(16_384)])).max(100);
export type ForwardHeaders = z.infer<typeof ForwardHeaders>;

/** What the `alter-*` headers of `POST /v1/request` and `POST /v1/retrieve` say, after decoding. */
export const RequestEnvelope = z.strictObject({
  method: ProxyMethod,
  target: z.string().min(1).max(16_384),
  params: TargetParams.optional(),
  grant_id: uuid.optional(),
  provider: text(100).optional(),
  account: text(320).optional(),
  headers: ForwardHeaders.default([]),
  caller: Caller.default({ type: "agent" }),
  context: Context.default({}),
  reason: text(1000).optional(),
  redirect: z.enum(["follow", "manual", "error"]).default("follow"),
  sigv4: z.strictObject({ region: text(64).optional(), service: text(64).optional() }).optional(),
  /** Retrieve mode with SigV4 only: hex SHA-256 of the body the caller is going to send. */
  body_digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type RequestEnvelope = z.infer<typeof RequestEnvelope>;

/** Answer of `POST /v1/retrieve`: the injection of one named request, to be sent by the caller itself. */
export const Injection = z.object({
  method: ProxyMethod,
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  grant_id: uuid,
  request_id: z.string(),
});
export type Injection = z.infer<typeof Injection>;
