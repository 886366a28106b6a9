/**
 * Asking before acting: what the vault would say of a call if it were made now. It is asked with the very headers and body
 * of the call, so that both are decided about the same thing. Nothing is sent to a provider, and nobody is asked to
 * approve. It promises nothing: the vault decides again when the call is made.
 */
import { ERROR_CODES, Preview as PreviewAnswer, type ErrorCode } from "@alter-vault/protocol";
import type { Call } from "./call.ts";
import type { Core } from "./core.ts";
import { startDeadline } from "./deadline.ts";
import { envelopeHeaders } from "./envelope-headers.ts";
import { AlterValueError } from "./errors.ts";
import { readLimited } from "./read-limited.ts";
import { answerKind, foreignAnswer, parseJson, unknownAnswer } from "./vault-answer.ts";

interface About {
  /** Of the grant that would be used; null where none was found. */
  readonly grantId: string | null;
  readonly providerId: string | null;
  /** Of the question, in the vault's audit log. A plain yes is not written down. */
  readonly requestId: string;
}

/** Look at `decision`: this is an object, whatever the vault says. */
export type Preview =
  | (About & { readonly decision: "allowed" })
  /** Somebody must approve; with `approvalId` the very same call waits for it already. */
  | (About & {
      readonly decision: "approval_required";
      readonly ruleId: string;
      readonly reason: string;
      readonly approvalId: string | null;
    })
  /** A user must connect an account; `connect()` and `createConnectSession()` make the link. */
  | (About & { readonly decision: "connect_required"; readonly code: ErrorCode; readonly reason: string })
  /** The call would be refused with this code. */
  | (About & {
      readonly decision: "denied";
      readonly code: ErrorCode;
      readonly ruleId: string;
      readonly reason: string;
      /** Whether it may be allowed later without anybody acting: a call that is being made right now, say. */
      readonly retryable: boolean;
    });

const MOST_BYTES = 64 * 1024;

/** Rejects as the call would for a caller who is not accepted, and with AlterValueError for a body that is a stream. */
export async function previewCall(core: Core, call: Call): Promise<Preview> {
  core.assertOpen();
  call.signal?.throwIfAborted();
  const deadline = startDeadline(call.timeoutMs, call.signal);
  try {
    const userToken = await deadline.waitFor("the function for the user token", () =>
      core.users.tokenFor(call.userToken),
    );
    const body = await call.body();
    if (body.kind === "stream") {
      throw new AlterValueError(
        "preview() cannot ask about a body that is a stream: it can be read only once. Pass bytes or text.",
      );
    }
    const headers = envelopeHeaders(call, body, userToken);
    const { credential } = call;
    const request =
      call.mode === "proxy"
        ? { method: "POST", path: "/v1/preview", headers, body, credential }
        : // In retrieve mode the vault never sees the body.
          { method: "POST", path: "/v1/preview?mode=retrieve", headers, credential };
    const answer = await core.vault.send(request, deadline);
    const text = await deadline.reach(core.vault.peer, () => readLimited(answer, MOST_BYTES));
    if (answerKind(answer) !== "vault") throw foreignAnswer(answer, core.vault.origin);
    const parsed = PreviewAnswer.safeParse(parseJson(text));
    if (!parsed.success) throw unknownAnswer(answer);
    return toPreview(parsed.data);
  } finally {
    deadline.stop();
  }
}

function toPreview(answer: PreviewAnswer): Preview {
  const about = { grantId: answer.grant_id, providerId: answer.provider_id, requestId: answer.request_id };
  switch (answer.decision) {
    case "allowed":
      return { decision: answer.decision, ...about };
    case "approval_required": {
      const { decision, rule_id: ruleId, reason, approval_id: approvalId } = answer;
      return { decision, ...about, ruleId, reason, approvalId };
    }
    case "connect_required":
      return { decision: answer.decision, ...about, code: answer.code, reason: answer.reason };
    case "denied": {
      const { decision, code, rule_id: ruleId, reason } = answer;
      return { decision, ...about, code, ruleId, reason, retryable: ERROR_CODES[code].retryable };
    }
  }
}
