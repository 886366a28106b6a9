/**
 * Signing in the person at this machine with the app's identity provider: the authorization code flow of OpenID Connect
 * with PKCE (S256), in the browser, with the way back to a port of this machine (RFC 8252). The token it gets becomes the
 * user token of every call.
 *
 * It trusts the issuer that the vault, or the program, names, over TLS, and nothing that a browser brings back unless it
 * carries the state of this very attempt. Signatures are not checked here: the token comes from the issuer itself, and it
 * counts only once the vault, which does check them, has accepted it.
 */
import { base64url } from "../base64.ts";
import { joinSignals } from "../call-defaults.ts";
import type { Core } from "../core.ts";
import { AlterValueError, ConnectFlowError, ConnectTimeoutError } from "../errors.ts";
import { resolveIdentity } from "../identity.ts";
import { checkKnownNames } from "../known-names.ts";
import { checkCallback, showLink } from "../show-to-user.ts";
import { checkMilliseconds } from "../vault-options.ts";
import { withSecret } from "../with-secret.ts";
import { discoverIssuer, type Issuer } from "./discover-issuer.ts";
import { findClient, type SignInClient } from "./find-client.ts";
import { listenForCallback } from "./loopback-callback.ts";
import { createSignedInUser } from "./signed-in-user.ts";
import { exchangeCode, readUserInfo, type UserInfo } from "./tokens.ts";

export interface AuthenticateOptions {
  /** Which identity provider of the app. Default: the one that has a client for signing in. */
  readonly idpId?: string | undefined;
  /** Instead of asking the vault, which needs the scope `identity:read`: the issuer, together with `clientId`. */
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
  /** Default: `openid`, and of `email`, `profile` and `offline_access` what the issuer knows. */
  readonly scopes?: readonly string[] | undefined;
  /** How many milliseconds the user has. Default: 300000, five minutes. At most a day. */
  readonly timeout?: number | undefined;
  /** Default: true. With false, or where no browser can be opened, the link is printed to standard error. */
  readonly openBrowser?: boolean | undefined;
  /** Gets the link instead of it being printed. It must be opened on this machine. */
  readonly onUrl?: ((url: string) => void | Promise<void>) | undefined;
  /** Of the way back, for issuers that compare it. Default: any that is free. */
  readonly port?: number | undefined;
  /** The account the user probably wants. */
  readonly loginHint?: string | undefined;
  /** As the issuer takes it: `login` to ask for the password again, `select_account`, `consent`. */
  readonly prompt?: string | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

export interface AuthResult {
  /** The token that was got. Printing and serializing leave it out. Later calls use fresher ones. */
  readonly userToken: string;
  /** What the identity provider says about the user. */
  readonly userInfo: UserInfo;
  /** The user, as the vault knows them. */
  readonly userId: string;
}

const KNOWN = [
  "idpId",
  "issuer",
  "clientId",
  "scopes",
  "timeout",
  "openBrowser",
  "onUrl",
  "port",
  "loginHint",
  "prompt",
  "signal",
];
const DEFAULT_TIMEOUT_MS = 300_000;
const DAY_MS = 86_400_000;

export async function authenticate(core: Core, options: AuthenticateOptions = {}): Promise<AuthResult> {
  checkKnownNames(options, KNOWN);
  checkCallback("onUrl", options.onUrl);
  const timeoutMs = checkMilliseconds("timeout", options.timeout, 1, DAY_MS) ?? DEFAULT_TIMEOUT_MS;
  const port = checkPort(options.port);
  const signal = joinSignals(options.signal);
  core.assertOpen();
  const client = await findClient(core, options, signal);
  const issuer = await discoverIssuer(core, client.issuer, signal);
  const tokens = await signIn(core, client, issuer, { ...options, port, timeoutMs, signal });
  const { userId } = await resolveIdentity(core, { userToken: tokens.idToken, signal });
  if (userId === null) throw new ConnectFlowError("Signing in did not work: the vault does not say who the user is.");
  const userInfo = await readUserInfo(core, issuer, tokens, signal);
  core.assertOpen();
  core.users.signIn(createSignedInUser(core, client, issuer, tokens));
  return withSecret({ userInfo, userId }, "userToken", tokens.idToken);
}

type Attempt = Omit<AuthenticateOptions, "signal" | "port" | "timeout"> & {
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
};

async function signIn(core: Core, client: SignInClient, issuer: Issuer, attempt: Attempt) {
  const { platform } = core;
  const { timeoutMs, signal } = attempt;
  const secret = (): string => platform.nonce() + platform.nonce();
  const [state, nonce, codeVerifier] = [secret(), secret(), secret()];
  const listener = await listenForCallback(attempt.port, { state, issuer });
  try {
    const link = new URL(issuer.authorizationEndpoint);
    const { redirectUri } = listener;
    for (const [name, value] of Object.entries({
      response_type: "code",
      client_id: client.clientId,
      redirect_uri: redirectUri,
      scope: (attempt.scopes ?? defaultScopes(issuer)).join(" "),
      state,
      nonce,
      code_challenge: await challengeOf(codeVerifier),
      code_challenge_method: "S256",
      ...(attempt.loginHint === undefined ? {} : { login_hint: attempt.loginHint }),
      ...(attempt.prompt === undefined ? {} : { prompt: attempt.prompt }),
    })) {
      link.searchParams.set(name, value);
    }
    await showLink(platform, {
      url: link.href,
      purpose: "sign in",
      openBrowser: attempt.openBrowser ?? true,
      onUrl: attempt.onUrl,
    });
    const code = await inTime(listener.code, timeoutMs, signal);
    return await exchangeCode(core, { client, issuer, code, redirectUri, codeVerifier, nonce }, signal);
  } finally {
    listener.close();
  }
}

/** Issuers refuse scopes they do not know. Without a list, those of the specification are there. */
function defaultScopes({ scopesSupported }: Issuer): readonly string[] {
  const wanted = ["openid", "email", "profile"];
  if (scopesSupported === undefined) return wanted;
  return [...wanted, "offline_access"].filter((scope) => scope === "openid" || scopesSupported.includes(scope));
}

/** RFC 7636, 4.2. */
async function challengeOf(codeVerifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier));
  return base64url(new Uint8Array(digest));
}

function inTime<Result>(work: Promise<Result>, timeoutMs: number, signal: AbortSignal | undefined): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    const timer = setTimeout(
      () => reject(new ConnectTimeoutError(`The user did not finish signing in within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    });
  });
}

function checkPort(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new AlterValueError('Option "port" must be a port, from 0 (any that is free) to 65535.');
}
