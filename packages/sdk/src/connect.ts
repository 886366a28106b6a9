/**
 * Connecting without a front end of one's own: for command lines, notebooks and scripts. The user connects in the browser
 * of this machine, or opens a printed link on another one, and the program waits.
 *
 * The link holds the token of the session. It goes to the browser and to the person (standard error or `onUrl`), not to
 * the logger.
 */
import { joinSignals } from "./call-defaults.ts";
import { awaitConnected } from "./await-connected.ts";
import type { ConnectResult } from "./connect-result.ts";
import { CONNECT_WISH_NAMES, createConnectSession, type ConnectWishes } from "./connect-session.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkCallback, showLink } from "./show-to-user.ts";
import type { UserToken } from "./user-token.ts";
import { checkMilliseconds } from "./vault-options.ts";

export interface ConnectOptions extends ConnectWishes {
  /** Which providers the user may connect. Default: every provider that is configured. */
  readonly providers?: readonly string[] | undefined;
  /** How many milliseconds the user has. Default: 300000, five minutes. At most a day. */
  readonly timeout?: number | undefined;
  /** Milliseconds between two questions to the vault. Default: 2000. */
  readonly pollInterval?: number | undefined;
  /** Default: true. With false, or where no browser can be opened, the link is printed to standard error. */
  readonly openBrowser?: boolean | undefined;
  /** Gets the link instead of it being printed. The link lets anybody connect an account in its place. */
  readonly onUrl?: ((url: string) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** The end user who connects: the grant will be theirs. Without one it is the app's own. */
  readonly userToken?: UserToken | undefined;
}

const KNOWN = [
  ...CONNECT_WISH_NAMES,
  "providers",
  "timeout",
  "pollInterval",
  "openBrowser",
  "onUrl",
  "signal",
  "userToken",
];
const DEFAULT_TIMEOUT_MS = 300_000;
const DEFAULT_POLL_INTERVAL_MS = 2000;
const MIN_POLL_INTERVAL_MS = 50;
const DAY_MS = 86_400_000;
/** Long enough to press a button, however short the program waits; and the longest the wire takes. */
const LINK_SECONDS = { min: 60, max: 86_400 };

export async function connect(core: Core, options: ConnectOptions = {}): Promise<readonly ConnectResult[]> {
  const { providers, timeout, pollInterval, openBrowser, onUrl, signal: given, ...wishes } = options;
  checkKnownNames(options, KNOWN, { allowedProviders: "providers", scopes: "requiredScopes" });
  checkCallback("onUrl", onUrl);
  const timeoutMs = checkMilliseconds("timeout", timeout, 1, DAY_MS) ?? DEFAULT_TIMEOUT_MS;
  const pollIntervalMs =
    checkMilliseconds("pollInterval", pollInterval, MIN_POLL_INTERVAL_MS, DAY_MS) ?? DEFAULT_POLL_INTERVAL_MS;
  const signal = joinSignals(given);
  const session = await createConnectSession(core, {
    ...wishes,
    allowedProviders: providers,
    // The link should not outlive the program's interest in it.
    expiresInSeconds: Math.min(Math.max(Math.ceil(timeoutMs / 1000), LINK_SECONDS.min), LINK_SECONDS.max),
    signal,
  });
  await showLink(core.platform, {
    url: session.connectUrl,
    purpose: "connect",
    openBrowser: openBrowser ?? true,
    onUrl,
  });
  return awaitConnected(core, session.sessionToken, { timeoutMs, pollIntervalMs, signal });
}
