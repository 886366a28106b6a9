import { keptFacts, type AnswerFacts } from "./answer-facts.ts";
import type { Approvals } from "./approvals/approvals.ts";
import type { CallOutcomes } from "./call-outcome.ts";
import type { Failure, Forwarded, Refused } from "./call.ts";
import type { EgressOutcome, EgressSink } from "./egress/egress.ts";
import type { Answered, MadeBefore } from "./prepared-call.ts";
import { readAnswer } from "./tool-calls/recorded-answer.ts";
import type { ToolCalls } from "./tool-calls/tool-calls.ts";

/** Answers that are there already: nothing is sent for them. */
interface GivingDeps {
  readonly approvals: Approvals;
  readonly toolCalls: ToolCalls;
  readonly outcomes: CallOutcomes;
}

/** The kept answer of an approved call, to whoever asked for it; once, or, for a tool call, as often as it is run. */
export async function giveKept(
  deps: GivingDeps,
  requestId: string,
  { approval, checked, keyDeprecated }: Answered,
  index: string | undefined,
  openSink: (answer: AnswerFacts) => EgressSink,
  startedMs: number,
): Promise<Forwarded | Refused> {
  const { appId, id } = approval;
  const sink = openSink({ ...keptFacts(requestId, checked), keyDeprecated });
  const take = async (to: EgressSink): Promise<EgressOutcome | Failure> => {
    const kept = await deps.approvals.take(appId, id);
    if (!Buffer.isBuffer(kept)) return kept;
    const { status, headers, body } = readAnswer(kept);
    to.onHeaders(status, { ...headers, "alter-approval": id }, () => undefined);
    if (body.length > 0) to.onData(body);
    const counts = { retries: 0, redirects: 0, requestBytes: 0, responseBytes: body.length, scrubbed: 0 };
    return { ok: true, status, ...counts };
  };
  const given =
    index === undefined
      ? await take(sink)
      : await deps.toolCalls.once({ appId, requestId, index, checked }, sink, take);
  if (!given.ok) return { ...deps.outcomes.endedInside(requestId, appId, given, startedMs), keyDeprecated };
  deps.outcomes.done(requestId, appId, startedMs, given.status);
  return { ok: true, requestId };
}

/** The recorded answer of a tool call that was made before. */
export async function giveRecorded(
  deps: GivingDeps,
  requestId: string,
  { made, checked, keyDeprecated }: MadeBefore,
  openSink: (answer: AnswerFacts) => EgressSink,
  startedMs: number,
): Promise<Forwarded | Refused> {
  const sink = openSink({ ...keptFacts(requestId, checked), keyDeprecated });
  const given = await deps.toolCalls.replay(made, sink);
  if (!given.ok) return { ...deps.outcomes.endedInside(requestId, made.appId, given, startedMs), keyDeprecated };
  deps.outcomes.done(requestId, made.appId, startedMs, given.status);
  return { ok: true, requestId };
}
