import type { Caller, Context, ForwardHeaders, ProxyMethod, TargetParams } from "@alter-vault/protocol";
import type { EncodedBody } from "./body.ts";
import type { UserToken } from "./user-token.ts";
import type { Mode } from "./vault-options.ts";

/** Which credential: one grant, or whichever grant of a provider matches. */
export type CredentialSelector =
  | { readonly grantId: string; readonly provider?: undefined; readonly account?: string | undefined }
  | { readonly grantId?: undefined; readonly provider: string; readonly account?: string | undefined };

export type Redirect = "follow" | "manual" | "error";

/** One call to a provider, checked and complete. All ways to make a call end in this. */
export interface Call {
  readonly method: ProxyMethod;
  /** As the wire carries it; may hold templates. */
  readonly target: string;
  readonly params?: TargetParams | undefined;
  readonly credential: CredentialSelector;
  /** Headers for the provider, names in lower case, without a content type for the body. */
  readonly headers: ForwardHeaders;
  /** Made when the call is sent, because reading a Blob takes time. */
  readonly body: () => Promise<EncodedBody>;
  readonly caller: Caller;
  readonly context: Context;
  /** Undefined: as it is set up for all calls. */
  readonly userToken?: UserToken | undefined;
  readonly reason?: string | undefined;
  readonly redirect: Redirect;
  readonly sigv4?: { readonly region?: string; readonly service?: string } | undefined;
  readonly mode: Mode;
  readonly timeoutMs: number;
  /**
   * Counts the call when it is made: which of the calls of its tool call that change something, from 0; undefined for
   * what need not be remembered.
   */
  readonly count?: (() => number | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether an answer of 4xx or 5xx by the provider is thrown. */
  readonly throwOnProviderError: boolean;
}
