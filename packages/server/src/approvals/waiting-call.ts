import type { Approval } from "@alter-vault/protocol";
import type { Keyring } from "../crypto/keyring.ts";
import { readEnvelope } from "../identity/read-envelope.ts";
import type { ApprovalRecord, ApprovalStore } from "../store/approval-records.ts";
import { callContext } from "./approvals.ts";
import { restoreCall } from "./stored-call.ts";

/** What is going to be sent, as far as a person can read it. */
export type WaitingCall = Pick<Approval, "headers" | "body" | "body_bytes">;

const MOST_SHOWN_BYTES = 64 * 1024;
const NOTHING_LEFT: WaitingCall = { headers: [], body: null, body_bytes: null };

export async function openWaitingCall(
  { store, keyring }: { readonly store: Pick<ApprovalStore, "findApprovalCall">; readonly keyring: Keyring },
  { appId, ownerId, id }: ApprovalRecord,
): Promise<WaitingCall> {
  const sealed = await store.findApprovalCall(appId, id);
  const opened = sealed && (await keyring.openOwned(callContext({ appId, ownerId, id }), sealed));
  if (!opened?.ok) return NOTHING_LEFT;
  const call = restoreCall(opened.plain);
  const envelope = readEnvelope(call.signed.headers);
  const read = await call.body.read();
  const buffer = read.ok ? read.buffer : null;
  const isText = buffer !== null && buffer.length <= MOST_SHOWN_BYTES && Buffer.from(buffer.toString()).equals(buffer);
  return {
    headers: envelope.ok ? [...envelope.envelope.headers] : [],
    body: isText ? buffer.toString() : null,
    body_bytes: buffer?.length ?? null,
  };
}
