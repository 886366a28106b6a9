import { randomBytes } from "node:crypto";
import { Router, type Request, type Response } from "express";
import * as openid from "openid-client";

/** Login with OpenID Connect, as any app has it. What matters to the vault is one thing: the session keeps the ID token. */
export interface Login {
  /** `/login`, `/callback` and `/logout`. */
  readonly routes: Router;
  sessionOf(request: Request): Session | undefined;
}

export interface Session {
  readonly idToken: string;
  readonly name: string;
}

interface Attempt {
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
}

interface LoginOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  /** Whoever has just logged in. */
  readonly onLogin: (session: Session) => Promise<void>;
}

const COOKIE = { httpOnly: true, sameSite: "lax" } as const;

export async function createLogin(options: LoginOptions): Promise<Login> {
  const { issuer, clientId, clientSecret, redirectUri, onLogin } = options;
  // Everything here is on this machine; over a network it must be https, and then this goes.
  const settings = { execute: [openid.allowInsecureRequests] };
  const idp = await openid.discovery(new URL(issuer), clientId, clientSecret, undefined, settings);
  const attempts = new Map<string, Attempt>();
  const sessions = new Map<string, Session>();
  const routes = Router();

  routes.get("/login", async (_request, response) => {
    const [codeVerifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
    attempts.set(remember(response, "attempt"), { codeVerifier, state, nonce });
    const link = openid.buildAuthorizationUrl(idp, {
      redirect_uri: redirectUri,
      scope: "openid email profile",
      code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    response.redirect(link.href);
  });

  routes.get("/callback", async (request, response) => {
    const id = cookie(request, "attempt");
    const attempt = attempts.get(id);
    attempts.delete(id);
    if (!attempt) return response.redirect("/login");
    const tokens = await openid.authorizationCodeGrant(idp, new URL(request.originalUrl, redirectUri), {
      pkceCodeVerifier: attempt.codeVerifier,
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      idTokenExpected: true,
    });
    const name = tokens.claims()?.["name"];
    const session = { idToken: tokens.id_token ?? "", name: typeof name === "string" ? name : "Somebody" };
    await onLogin(session);
    sessions.set(remember(response, "session"), session);
    response.redirect("/");
  });

  routes.post("/logout", (request, response) => {
    sessions.delete(cookie(request, "session"));
    response.redirect("/");
  });

  return { routes, sessionOf: (request) => sessions.get(cookie(request, "session")) };
}

/** A fresh id in the browser's cookie of this name. */
function remember(response: Response, name: string): string {
  const id = randomBytes(32).toString("base64url");
  response.cookie(name, id, COOKIE);
  return id;
}

function cookie(request: Request, name: string): string {
  return new RegExp(`(?:^|; )${name}=([\\w-]+)`).exec(request.get("cookie") ?? "")?.[1] ?? "";
}
