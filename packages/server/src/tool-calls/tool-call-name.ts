import { createHash } from "node:crypto";
import type { Failure } from "../call.ts";
import type { CheckedCall } from "../check-call.ts";

/**
 * How a call of a tool call is known again: by its app, its thread, its tool call, where in the framework that is, and
 * its number. Ids of tool calls alone would not do: some models begin to count anew in each of their answers.
 */
export type NamedToolCall =
  | { readonly ok: true; readonly id: string; readonly requestHash: string }
  | (Failure & { readonly ok: false });

export function nameToolCall(appId: string, index: string, checked: CheckedCall): NamedToolCall {
  if (!/^(?:0|[1-9][0-9]{0,5})$/.test(index)) return invalid("alter-call is not a number from 0 to 999999");
  const { thread_id: thread, tool_call_id: toolCall, checkpoint_ns: place } = checked.envelope.context;
  if (!thread || !toolCall) return invalid("alter-call needs thread_id and tool_call_id in alter-context");
  return {
    ok: true,
    id: hash([appId, thread, toolCall, place ?? "", index]),
    requestHash: hash([checked.envelope.method, checked.url.href, checked.grant.id, bodyOf(checked)]),
  };
}

/** The digest of the body; "" where the same body may be written in other bytes each time, or is not known. */
function bodyOf({ claim, envelope }: CheckedCall): string {
  const type = envelope.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return claim.kind === "sha-256" && !/^multipart\//i.test(type) ? claim.value : "";
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function invalid(detail: string): Failure & { readonly ok: false } {
  return { ok: false, code: "invalid_request", detail, details: { issues: [{ path: "alter-call", message: detail }] } };
}
