import type { CheckedCall } from "./check-call.ts";
import type { Injected } from "./inject/inject.ts";
import type { Soon } from "./soon.ts";
import type { ApprovalRecord } from "./store/approval-records.ts";
import type { TakeState } from "./store/limit-records.ts";
import type { ToolCallRecord } from "./store/tool-call-records.ts";

/** A call whose credential is in place. */
export interface Prepared {
  readonly ok: true;
  readonly appId: string;
  readonly checked: CheckedCall;
  readonly injected: Injected & { readonly ok: true };
  readonly keyDeprecated: boolean;
  /** The limit that is nearest to its end; null: there is none. */
  readonly limit: TakeState | null;
  /** Gives back its place among the calls that are on their way. Never fails. */
  readonly release: () => Soon<void>;
}

/** A call that waited for approval, and was made by the vault meanwhile: its answer is kept. */
export interface Answered {
  readonly ok: true;
  readonly approval: ApprovalRecord;
  readonly checked: CheckedCall;
  readonly keyDeprecated: boolean;
}

/** A call of a tool call that was made before: its answer is recorded, and nobody is asked to approve it again. */
export interface MadeBefore {
  readonly ok: true;
  readonly made: ToolCallRecord;
  readonly checked: CheckedCall;
  readonly keyDeprecated: boolean;
}
