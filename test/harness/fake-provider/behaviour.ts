/**
 * How a provider behaves at the moment, beyond what its entry says. Everything here is a switch for a test; the standard
 * is a provider on a good day.
 */
export interface Behaviour {
  /** What becomes of the next requests to the token endpoint (code, refresh and exchange alike), first one first. */
  tokenTrouble: Trouble[];
  /** What becomes of the next calls to the API. */
  apiTrouble: ("unauthorized" | "scope" | "transient")[];
  /** Before every answer of the token endpoint. */
  delayMs: number;
  /** Token answers are form-encoded, whatever was asked for. */
  formAnswers: boolean;
  /** Token answers do not say when the token ends. */
  hidesExpiry: boolean;
  /** Seconds, instead of what the fixture says. */
  lifetimeSeconds: number | null;
  /** Refresh answers bring no refresh token; null: as the fixture says. */
  omitsRefreshToken: boolean | null;
  /** The user says no. */
  denies: boolean;
  /** What of the asked scopes the user grants. */
  grants: (asked: readonly string[]) => readonly string[];
  /** What comes back with the browser, changed on the way. */
  tampersCallback: (callback: URL) => void;
  /**
   * How long a used refresh token goes on working. `entry`: as the entry says. `until-successor-is-used`: as Doorkeeper
   * does it, until one of the tokens that took its place is seen. A number: so many seconds.
   */
  grace: "entry" | "until-successor-is-used" | number;
  /** A used refresh token that comes back ends everything of its consent; null: as the entry says. */
  reuseEndsGrant: boolean | null;
}

/** `lost`: the request is taken, and the answer never arrives. */
export type Trouble = "lost" | "500" | "429" | "transient" | "garbage" | "hang" | "drop" | "revoked" | "bad-client";

export function standardBehaviour(): Behaviour {
  return {
    tokenTrouble: [],
    apiTrouble: [],
    delayMs: 0,
    formAnswers: false,
    hidesExpiry: false,
    lifetimeSeconds: null,
    omitsRefreshToken: null,
    denies: false,
    grants: (asked) => asked,
    tampersCallback: () => undefined,
    grace: "entry",
    reuseEndsGrant: null,
  };
}
