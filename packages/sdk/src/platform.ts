/** Time and randomness. Everything else in this package gets them handed in. */
export interface Platform {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A number from 0 to below 1, for jitter only. */
  readonly jitter: () => number;
  /** 22 characters of base64url: 128 random bits. */
  readonly nonce: () => string;
  readonly uuid: () => string;
}

export const platform: Platform = {
  now: () => Date.now(),
  jitter: () => Math.random(),
  nonce: () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .slice(0, 22),
  uuid: () => crypto.randomUUID(),
};
