import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/**
 * What every refusal of the vault looks like: `application/problem+json` (RFC 9457). `code` is the only thing a program
 * should look at. Further members depend on the code and are listed here, all optional.
 */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
  fix: z.string(),
  retryable: z.boolean(),
  request_id: z.string().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  server_time: z.number().int().optional(),
  required_scope: z.string().optional(),
  grant_id: z.string().optional(),
  provider_id: z.string().optional(),
  account_identifiers: z.array(z.string()).optional(),
  missing_scopes: z.array(z.string()).optional(),
  policy_error: z.string().optional(),
  rule_id: z.string().optional(),
  approval_id: z.string().optional(),
  /** Where the call is approved. Single use. */
  approval_url: z.string().optional(),
  approval_expires_at: z.string().optional(),
  header: z.string().optional(),
  host: z.string().optional(),
  /** Of `rate_limited` by a rule. A budget has no window, and does not come back. */
  rate_limit: z
    .object({
      limit: z.number().int(),
      remaining: z.number().int(),
      window_seconds: z.number().nullable(),
      reset_seconds: z.number(),
    })
    .optional(),
  retry_after_seconds: z.number().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** The members of a problem that are not in the error table. */
export type ProblemDetails = Omit<
  Partial<Problem>,
  "type" | "title" | "status" | "code" | "detail" | "fix" | "retryable"
>;

export function makeProblem(code: ErrorCode, detail: string, details: ProblemDetails = {}): Problem {
  const { status, retryable, title, fix } = ERROR_CODES[code];
  return { type: `urn:alter-vault:error:${code}`, title, status, code, detail, fix, retryable, ...details };
}
