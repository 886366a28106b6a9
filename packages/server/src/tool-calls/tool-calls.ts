import type { ErrorCode } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { CheckedCall } from "../check-call.ts";
import type { Clock } from "../clock.ts";
import type { Keyring, OwnedContext } from "../crypto/keyring.ts";
import type { EgressOutcome, EgressSink } from "../egress/egress.ts";
import { StorageUnavailable } from "../store/store.ts";
import type { ToolCallRecord, ToolCallStore } from "../store/tool-call-records.ts";
import { keepAnswer, type KeptAnswer } from "./kept-answer.ts";
import { answerBytes, readAnswer } from "./recorded-answer.ts";
import { nameToolCall } from "./tool-call-name.ts";

/**
 * Calls of tools, each made once. Frameworks run a tool call again after a pause, a crash or a failure; a call that says
 * which one of its tool call it is, is claimed durably before it is sent, and its answer is recorded, sealed, before the
 * caller gets it. When it comes again the recorded answer is given back. What nobody knows the end of is never repeated.
 *
 * It comes after the decision and the injection: whoever gets a recorded answer has just been allowed to make that very
 * call with that very grant. It trusts the ids of the caller only within the caller's app.
 */
export interface ToolCalls {
  /** Sends, unless the call was made before. `index` is the caller's `alter-call`, unchecked. */
  once(
    call: { readonly appId: string; readonly requestId: string; readonly index: string; readonly checked: CheckedCall },
    sink: EgressSink,
    send: (sink: EgressSink) => Promise<EgressOutcome | Failure>,
  ): Promise<EgressOutcome | Failure | Replayed>;
  /** The same call, when it was made before; null: nobody made it. Nothing is claimed. */
  recall(appId: string, index: string, checked: CheckedCall): Promise<ToolCallRecord | null>;
  /** Gives the recorded answer of a call that was made before, or says why there is none. Never sends. */
  replay(made: ToolCallRecord, sink: EgressSink): Promise<Failure | Replayed>;
  /** Forgets what has expired; call it often. */
  forget(): Promise<void>;
}

/** The recorded answer went to the sink, and nothing to the provider. */
export interface Replayed {
  readonly ok: true;
  readonly replayed: true;
  readonly status: number;
}

interface ToolCallsDeps {
  readonly store: ToolCallStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
}

const KEPT_FOR_MS = 7 * 86_400_000;
const FORGET_AT_MOST = 1_000;

export function createToolCalls({ store, keyring, clock }: ToolCallsDeps): ToolCalls {
  const underWay = new Set<string>();

  async function claim(call: ToolCallRecord): Promise<ToolCallRecord | null | "unavailable"> {
    try {
      return await store.claimToolCall(call, call.claimedAt);
    } catch (error) {
      if (error instanceof StorageUnavailable) return "unavailable";
      throw error;
    }
  }

  async function replay(known: ToolCallRecord, sink: EgressSink): Promise<Failure | Replayed> {
    if (known.state === "open") {
      const isUnderWay = underWay.has(known.id) || (await store.isCallUnderWay(known.appId, known.entryId));
      return failure(isUnderWay ? "tool_call_in_progress" : "tool_call_outcome_unknown", known);
    }
    if (known.state !== "answered") {
      return failure(known.state === "done" ? "tool_call_done" : "tool_call_outcome_unknown", known);
    }
    const sealed = await store.findToolCallAnswer(known.appId, known.id);
    const opened = sealed && (await keyring.openOwned(sealContext(known), sealed));
    if (!opened) return failure("tool_call_done", known);
    if (!opened.ok) return { ok: false, code: "credential_unreadable", detail: "the recorded answer cannot be opened" };
    const { status, headers, body } = readAnswer(opened.plain);
    sink.onHeaders(status, { ...headers, "alter-replayed": "true" }, () => undefined);
    if (body.length > 0) sink.onData(body);
    return { ok: true, replayed: true, status };
  }

  /** Writes down what came of the call. When that fails, the call stays open, and is not made again. */
  async function settle(call: ToolCallRecord, sent: EgressOutcome | Failure, kept: KeptAnswer): Promise<void> {
    const end = endOf(sent, kept);
    const sealed =
      end === "answered"
        ? await keyring.sealOwned(sealContext(call), answerBytes(kept.status, kept.headers, kept.body()))
        : null;
    try {
      if (end === "released") await store.releaseToolCall(call.appId, call.id, call.entryId);
      else await store.settleToolCall(call.appId, call.id, call.entryId, end, sealed);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  return {
    replay,
    async recall(appId, index, checked) {
      const named = nameToolCall(appId, index, checked);
      const known = named.ok ? await store.findToolCall(appId, named.id, clock.now()) : null;
      return named.ok && known?.requestHash === named.requestHash ? known : null;
    },
    async once({ appId, requestId, index, checked }, sink, send) {
      const named = nameToolCall(appId, index, checked);
      if (!named.ok) return named;
      const now = clock.now();
      const call: ToolCallRecord = {
        id: named.id,
        appId,
        userId: checked.ownerId,
        requestHash: named.requestHash,
        entryId: requestId,
        state: "open",
        claimedAt: now,
        expiresAt: now + KEPT_FOR_MS,
      };
      const known = await claim(call);
      if (known === "unavailable") return UNCLAIMED;
      if (known && known.requestHash !== call.requestHash) return failure("tool_call_mismatch", known);
      if (known) return replay(known, sink);
      const kept = keepAnswer(sink);
      underWay.add(call.id);
      try {
        const sent = await send(kept);
        await settle(call, sent, kept);
        kept.release();
        return sent;
      } finally {
        underWay.delete(call.id);
      }
    },
    async forget() {
      await store.forgetToolCalls(clock.now(), FORGET_AT_MOST);
    },
  };
}

type End = "answered" | "done" | "unknown" | "released";

function endOf(sent: EgressOutcome | Failure, kept: KeptAnswer): End {
  // Not an outcome of sending: the provider refused the old tokens, and there are no others.
  if (!("retries" in sent)) return "released";
  if (!sent.ok) return sent.begun ? "unknown" : "released";
  if (!isMemorable(sent.status)) return "released";
  return kept.isWhole ? "answered" : "done";
}

/** A 4xx says that nothing was done, and connecting again or waiting may change it. So does a 503. */
function isMemorable(status: number): boolean {
  return status !== 503 && (status < 400 || status >= 500);
}

function sealContext({ appId, userId, id }: ToolCallRecord): OwnedContext {
  return { appId, userId, record: `tool_call:${id}`, field: "answer" };
}

const UNCLAIMED: Failure = { ok: false, code: "storage_unavailable", detail: "the call could not be claimed" };

const DETAILS = {
  tool_call_in_progress: "this call of the tool call is under way",
  tool_call_outcome_unknown: "this call of the tool call was made, and nobody knows what came of it",
  tool_call_done: "this call of the tool call was made, and its answer was not kept",
  tool_call_mismatch: "the first time, this call of the tool call was another one",
} as const satisfies Partial<Record<ErrorCode, string>>;

function failure(code: keyof typeof DETAILS, known: ToolCallRecord): Failure {
  return { ok: false, code, detail: `${DETAILS[code]} (see entry ${known.entryId})` };
}
