import type { CheckedCall } from "./check-call.ts";
import { missingScopes } from "./credential/oauth/scopes.ts";
import type { Prepared } from "./prepared-call.ts";
import type { TakeState } from "./store/limit-records.ts";

/** What is told with a provider's answer. */
export interface AnswerFacts {
  readonly requestId: string;
  readonly grantId: string;
  /** Asked for when the account was connected, and not granted. */
  readonly missingScopes: readonly string[];
  readonly provider: string;
  /** The key still works, and should be replaced. */
  readonly keyDeprecated: boolean;
  /** The app's own limit that is nearest to its end. */
  readonly limit: TakeState | null;
}

const NONE: readonly string[] = [];

export function answerFacts(
  requestId: string,
  { checked: { grant, credential }, keyDeprecated, limit }: Prepared,
): AnswerFacts {
  const missing =
    credential.kind === "oauth" ? missingScopes(credential.record.askedScopes, credential.record.grantedScopes) : NONE;
  return { requestId, grantId: grant.id, provider: grant.provider, missingScopes: missing, keyDeprecated, limit };
}

/** Of an answer that was kept: nobody sends it now. */
export function keptFacts(requestId: string, { grant }: CheckedCall): Omit<AnswerFacts, "keyDeprecated"> {
  return { requestId, grantId: grant.id, provider: grant.provider, missingScopes: NONE, limit: null };
}
