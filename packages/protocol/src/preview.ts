import { z } from "zod";
import { ERROR_CODES, type ErrorCode, type SdkErrorName } from "./error-codes.ts";
import type { ProblemDetails } from "./problem.ts";

const code = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);
/** What is known of the grant; null where none was found. */
const about = { request_id: z.string(), grant_id: z.string().nullable(), provider_id: z.string().nullable() };

/**
 * Answer of `POST /v1/preview`: what the vault would say of this very call if it were made now. It promises nothing: the
 * call is decided again when it is made, and rate limits and budgets are only looked at then.
 */
export const Preview = z.discriminatedUnion("decision", [
  /** Also for a call that was approved, and whose answer waits. */
  z.object({ decision: z.literal("allowed"), ...about }),
  /** Nobody was asked yet, unless `approval_id` says which approval of the same call waits. */
  z.object({
    decision: z.literal("approval_required"),
    ...about,
    rule_id: z.string(),
    reason: z.string(),
    approval_id: z.string().nullable(),
  }),
  /** A user must connect an account, or connect it again. Links are made by `POST /v1/connect/sessions`. */
  z.object({ decision: z.literal("connect_required"), ...about, code, reason: z.string() }),
  /** The call would be refused with this code. */
  z.object({ decision: z.literal("denied"), ...about, code, rule_id: z.string(), reason: z.string() }),
]);
export type Preview = z.infer<typeof Preview>;

/** In which way the call would be made. Default: the vault sends it. */
export const PreviewQuery = z.object({ mode: z.enum(["proxy", "retrieve"]).default("proxy") });

type Saying<Answer> = Answer extends Preview ? Omit<Answer, keyof typeof about> : never;

const MENDED_BY_CONNECTING: ReadonlySet<SdkErrorName> = new Set([
  "GrantNotFoundError",
  "GrantExpiredError",
  "GrantRevokedError",
  "GrantDeletedError",
  "ReAuthRequiredError",
]);

/** The refusal of a call, as the answer to a preview of it. `rule` is what made it. */
export function previewOfRefusal(
  refusal: { readonly code: ErrorCode; readonly detail: string; readonly details?: ProblemDetails },
  rule: string,
): Saying<Preview> {
  const { code: why, detail: reason, details } = refusal;
  if (why === "approval_required") {
    return { decision: "approval_required", rule_id: rule, reason, approval_id: details?.approval_id ?? null };
  }
  // Of a grant that is not there, nobody knows what would have to be connected.
  if (MENDED_BY_CONNECTING.has(ERROR_CODES[why].sdkError) && details?.provider_id !== undefined) {
    return { decision: "connect_required", code: why, reason };
  }
  return { decision: "denied", code: why, rule_id: rule, reason };
}
