import { ConnectDeniedError, ConnectFlowError } from "../errors.ts";

export interface Expected {
  readonly state: string;
  readonly issuer: { readonly issuer: string; readonly namesItself: boolean };
}

export type Callback =
  | { readonly kind: "code"; readonly code: string }
  /** The issuer said no, or somebody else answered in its place. */
  | { readonly kind: "refused"; readonly error: ConnectFlowError }
  /** Not of this attempt. */
  | { readonly kind: "foreign" };

const FOREIGN: Callback = { kind: "foreign" };

/** What a browser brought back. Said twice is not said: which of the two counts would be a matter of taste. */
export function readCallback(query: URLSearchParams, { state, issuer }: Expected): Callback {
  const once = (name: string): string | undefined => {
    const values = query.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  if (once("state") !== state) return FOREIGN;
  // RFC 9207, 2.4: against an issuer that mixes itself in, with the state of this attempt and a code of its own.
  if ((query.has("iss") || issuer.namesItself) && once("iss") !== issuer.issuer) {
    return refused(
      new ConnectFlowError("Signing in did not work: another issuer answered than the one that was asked."),
    );
  }
  if (query.has("error")) return refused(refusal(once("error") ?? ""));
  const code = once("code");
  return code === undefined || code === "" ? FOREIGN : { kind: "code", code };
}

function refusal(error: string): ConnectFlowError {
  if (error === "access_denied") return new ConnectDeniedError("The user did not sign in.");
  return new ConnectFlowError(`Signing in did not work: the identity provider says ${errorCode(error)}.`);
}

function refused(error: ConnectFlowError): Callback {
  return { kind: "refused", error };
}

/** A code of OAuth, or that it is none: what comes from outside does not get into messages as it is. */
export function errorCode(value: unknown): string {
  return typeof value === "string" && /^[a-z_]{1,60}$/.test(value) ? `"${value}"` : "something that is no error code";
}
