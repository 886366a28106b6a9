import type { ErrorCode } from "@alter-vault/protocol";
import { toTimestamp } from "../clock.ts";
import type { GrantRecord } from "../store/grant-records.ts";

/**
 * Step 2: may they? The default-deny base: nothing is allowed that does not pass every line of this function. Pure: what
 * it decides on is handed in, and it opens nothing. It trusts that the caller was identified and that grant and secret
 * were looked up within the caller's app; it refuses whatever is not plainly in order.
 */
export type Decision =
  | { readonly effect: "allow"; readonly rule: string }
  | { readonly effect: "deny"; readonly rule: string; readonly code: ErrorCode; readonly message: string };

export interface DecisionInput {
  readonly grant: GrantRecord;
  /** `gone`: deleted. `dead`: the provider no longer takes it, and the user must connect again. */
  readonly credential: "usable" | "gone" | "dead";
  readonly mode: "proxy" | "retrieve";
  /** Whether the host of the target is on the credential's allow-list. */
  readonly hostAllowed: boolean;
  readonly host: string;
  readonly nowMs: number;
}

export function decide({ grant, credential, mode, hostAllowed, host, nowMs }: DecisionInput): Decision {
  if (grant.status === "deleted") return deny("base.grant_exists", "grant_deleted", "the grant was deleted");
  if (grant.status === "revoked") return deny("base.grant_live", "grant_revoked", "the grant was revoked");
  if (credential === "gone") return deny("base.grant_exists", "grant_deleted", "what the grant opens was deleted");
  if (grant.expiresAt !== null && grant.expiresAt <= nowMs) {
    return deny("base.grant_live", "grant_expired", `the grant expired at ${toTimestamp(grant.expiresAt)}`);
  }
  if (credential === "dead") {
    return deny("base.grant_live", "grant_revoked", "the provider no longer accepts the connection");
  }
  if (mode === "retrieve" && !grant.allowRetrieve) {
    return deny("base.retrieve", "retrieve_not_allowed", "the operator has not allowed retrieve mode for this grant");
  }
  if (!hostAllowed) {
    return deny("base.host", "target_host_not_allowed", `${host} is not on the allow-list of this credential`);
  }
  return { effect: "allow", rule: "base" };
}

function deny(rule: string, code: ErrorCode, message: string): Decision {
  return { effect: "deny", rule, code, message };
}
