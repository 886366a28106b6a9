import { randomUUID } from "node:crypto";
import type { Provider } from "@alter-vault/providers";
import type { Behaviour } from "./behaviour.ts";
import { fakeJwt } from "./fake-jwt.ts";

/** One consent of one user, and everything that grew out of it. */
export interface Family {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly consentedAt: number;
  alive: boolean;
  /** How many refreshes were answered with tokens. */
  refreshes: number;
  /** How often a refresh token came back that was used up. */
  reuses: number;
  /** How often one that was used up was taken once more. */
  forgiven: number;
}

export interface AccessToken {
  readonly value: string;
  readonly family: Family;
  /** `main`, or the name of one of the entry's `others`. */
  readonly name: string;
  /** The refresh token it came with; null: none. */
  readonly sibling: RefreshToken | null;
  readonly issuedAt: number;
  expiresAt: number | null;
  alive: boolean;
}

export interface RefreshToken {
  readonly value: string;
  readonly family: Family;
  readonly name: string;
  readonly issuedAt: number;
  lastUsedAt: number;
  replacedAt: number | null;
  successors: RefreshToken[];
  /** It, or an access token that came with it, was used. */
  seen: boolean;
  alive: boolean;
}

export type PresentedRefresh =
  | { readonly ok: true; readonly token: RefreshToken }
  | { readonly ok: false; readonly why: "unknown" | "dead" | "idle" | "too-old" | "reused" };

/** Every token a provider has issued to one app, and what has become of it. */
export interface TokenBook {
  readonly families: Family[];
  readonly accessTokens: ReadonlyMap<string, AccessToken>;
  readonly refreshTokens: ReadonlyMap<string, RefreshToken>;
  openFamily(scopes: readonly string[]): Family;
  issueAccess(family: Family, name: string, lifetimeSeconds: number | null, sibling: RefreshToken | null): AccessToken;
  issueRefresh(family: Family, name: string): RefreshToken;
  /** The live token of that value. Seeing it is using it. */
  useAccess(value: string): AccessToken | null;
  /** Whether a refresh token may be used now, by the rules of the entry. Reuse may end the family. */
  presentRefresh(value: string, behaviour: Behaviour): PresentedRefresh;
  /** The token is used up; another one took its place. */
  replace(old: RefreshToken, successor: RefreshToken): void;
  end(family: Family): void;
  endToken(value: string): void;
  owns(value: string): boolean;
}

export function createTokenBook(provider: Provider, now: () => number): TokenBook {
  const families: Family[] = [];
  const accessTokens = new Map<string, AccessToken>();
  const refreshTokens = new Map<string, RefreshToken>();
  const asJwt = provider.token.expiryFrom.includes("jwt-exp");

  const valueFor = (kind: "access" | "refresh", expiresAt: number | null): string => {
    const id = `fake-${provider.id}-${kind}-${randomUUID()}`;
    if (kind === "refresh" || !asJwt || expiresAt === null) return id;
    return fakeJwt({ jti: id, iat: Math.floor(now() / 1000), exp: Math.floor(expiresAt / 1000) });
  };

  return {
    families,
    accessTokens,
    refreshTokens,
    openFamily(scopes) {
      const family = {
        id: randomUUID(),
        scopes,
        consentedAt: now(),
        alive: true,
        refreshes: 0,
        reuses: 0,
        forgiven: 0,
      };
      families.push(family);
      return family;
    },
    issueAccess(family, name, lifetimeSeconds, sibling) {
      const expiresAt = lifetimeSeconds === null ? null : now() + lifetimeSeconds * 1000;
      const value = valueFor("access", expiresAt);
      const token = { value, family, name, sibling, issuedAt: now(), expiresAt, alive: true };
      accessTokens.set(value, token);
      return token;
    },
    issueRefresh(family, name) {
      const value = valueFor("refresh", null);
      const issued = { issuedAt: now(), lastUsedAt: now(), replacedAt: null };
      const token: RefreshToken = { value, family, name, ...issued, successors: [], seen: false, alive: true };
      refreshTokens.set(value, token);
      return token;
    },
    useAccess(value) {
      const token = accessTokens.get(value);
      if (!token?.alive || !token.family.alive) return null;
      if (token.expiresAt !== null && token.expiresAt <= now()) return null;
      if (token.sibling) token.sibling.seen = true;
      return token;
    },
    presentRefresh(value, behaviour) {
      const token = refreshTokens.get(value);
      if (!token) return { ok: false, why: "unknown" };
      if (!token.alive || !token.family.alive) return { ok: false, why: "dead" };
      const ended = whyEnded(provider, token, now());
      if (ended) return { ok: false, why: ended };
      if (token.replacedAt !== null && !mayStillBeUsed(provider, token, token.replacedAt, behaviour, now())) {
        token.family.reuses++;
        if (behaviour.reuseEndsGrant ?? (provider.refresh.supported && provider.refresh.reuseEndsGrant)) {
          token.family.alive = false;
        }
        return { ok: false, why: "reused" };
      }
      if (token.replacedAt !== null) token.family.forgiven++;
      token.lastUsedAt = now();
      token.seen = true;
      return { ok: true, token };
    },
    replace(old, successor) {
      old.replacedAt ??= now();
      old.successors.push(successor);
    },
    end(family) {
      family.alive = false;
    },
    endToken(value) {
      const token = accessTokens.get(value) ?? refreshTokens.get(value);
      if (token) token.alive = false;
    },
    owns: (value) => accessTokens.has(value) || refreshTokens.has(value),
  };
}

function whyEnded({ refresh }: Provider, token: RefreshToken, now: number): "idle" | "too-old" | null {
  if (!refresh.supported) return null;
  const { idleSeconds, absoluteSeconds } = refresh;
  if (idleSeconds !== null && now - token.lastUsedAt > idleSeconds * 1000) return "idle";
  return absoluteSeconds !== null && now - token.family.consentedAt > absoluteSeconds * 1000 ? "too-old" : null;
}

function mayStillBeUsed(
  { refresh }: Provider,
  { successors }: RefreshToken,
  replacedAt: number,
  { grace }: Behaviour,
  now: number,
): boolean {
  if (grace === "until-successor-is-used") return successors.every(({ seen }) => !seen);
  const seconds = grace === "entry" ? ((refresh.supported ? refresh.graceSeconds : undefined) ?? 0) : grace;
  return now - replacedAt < seconds * 1000;
}
