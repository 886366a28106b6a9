import { base64url } from "./base64.ts";
import { openInBrowser } from "./open-in-browser.ts";
import { sleep } from "./sleep.ts";

/** Time, randomness, and the person at this machine. Everything else in this package gets them handed in. */
export interface Platform {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A number from 0 to below 1, for jitter only. */
  readonly jitter: () => number;
  /** 22 characters of base64url: 128 random bits. */
  readonly nonce: () => string;
  readonly uuid: () => string;
  /** Ends after `ms`, or as soon as the signal aborts. Never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** False when there is no browser that can be opened. */
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** Shows a text to whoever started the program. False when there is no place for it. */
  readonly print: (text: string) => boolean;
}

export const platform: Platform = {
  now: () => Date.now(),
  jitter: () => Math.random(),
  nonce: () => base64url(crypto.getRandomValues(new Uint8Array(16))),
  uuid: () => crypto.randomUUID(),
  sleep,
  openBrowser: openInBrowser,
  print(text) {
    const runningOn: { readonly stderr?: { write?(text: string): unknown } } | undefined = globalThis.process;
    if (typeof runningOn?.stderr?.write !== "function") return false;
    runningOn.stderr.write(text);
    return true;
  },
};
