import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import type { ErrorCode } from "@alter-vault/protocol";
import type { NewId } from "../random.ts";
import { tokenHash } from "./token-hash.ts";
import type { IdentityStore, IdpRecord, UserWithGroups } from "../store/identity-records.ts";
import { hasDuplicateNames } from "./duplicate-names.ts";
import type { KeySource } from "./jwks.ts";
import { readUserClaims, type UserClaims } from "./read-user-claims.ts";

/**
 * Who is the end user? Verifies a JWT of one of the app's identity providers and finds the user it is about; the first
 * sight of a user makes them, profile and groups follow the claims.
 *
 * It trusts the keys the issuer publishes under the address that was stored for it. It refuses whatever a token says about
 * where its key is to be found (`jku`, `x5u`, `jwk`), symmetric and unlisted algorithms, other audiences and parties, and
 * texts that can be read in two ways. The issuer is looked for among the app's own: a token of another app's issuer is a
 * token of nobody.
 */
export interface UserTokens {
  verify(appId: string, token: string): Promise<VerifiedUser>;
}

export type VerifiedUser =
  | { readonly ok: true; readonly found: UserWithGroups; readonly idp: IdpRecord; readonly expiresAt: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

interface UserTokenDeps {
  readonly store: IdentityStore;
  readonly keys: KeySource;
  readonly now: () => number;
  readonly newId: NewId;
}

interface Verified {
  readonly idpId: string;
  /** Of the identity provider's settings: a change of them makes the verification void. */
  readonly idpUpdatedAt: number;
  readonly claims: UserClaims;
  readonly userId: string;
  readonly expiresAt: number;
}

const MAX_BYTES = 16 * 1024;
const SKEW_SECONDS = 60;
const MOST_VERIFIED = 20_000;
/** Verifying again costs little; a token whose key was taken back must not go on for its whole life. */
const TRUSTED_MS = 5 * 60_000;
const FORBIDDEN_HEADERS = ["jku", "x5u", "jwk", "x5c", "crit", "zip", "enc"] as const;

export function createUserTokens({ store, keys, now, newId }: UserTokenDeps): UserTokens {
  const verified = new Map<string, Verified & { readonly until: number }>();

  async function remembered(appId: string, key: string): Promise<VerifiedUser | null> {
    const known = verified.get(key);
    if (!known) return null;
    const idp = await store.findIdp(appId, known.idpId);
    const isCurrent = idp?.status === "active" && idp.updatedAt === known.idpUpdatedAt && known.until > now();
    // Memberships and state are always read anew; only the work on the token is saved.
    const found = isCurrent ? await store.findUser(appId, known.userId) : null;
    if (!idp || !found) {
      verified.delete(key);
      return null;
    }
    return { ok: true, found, idp, expiresAt: known.expiresAt };
  }

  async function payloadOf(token: string, idp: IdpRecord): Promise<{ ok: true; payload: JWTPayload } | Refused> {
    for (let again = true; ; again = false) {
      const getKey = await keys.keys(idp.jwksUrl);
      if (!getKey) return refuse("user_token_invalid", "the keys of the issuer cannot be reached");
      try {
        const { payload } = await jwtVerify(token, getKey, {
          issuer: idp.issuer,
          audience: [...idp.audiences],
          algorithms: [...idp.algorithms],
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(now()),
          requiredClaims: ["exp"],
        });
        return { ok: true, payload };
      } catch (error) {
        if (again && error instanceof errors.JWKSNoMatchingKey && (await keys.refresh(idp.jwksUrl))) continue;
        return refusal(error);
      }
    }
  }

  return {
    async verify(appId, token) {
      const key = `${appId} ${tokenHash(token)}`;
      const known = await remembered(appId, key);
      if (known) return known;
      const form = checkForm(token);
      if (!form.ok) return form;
      const idp = await store.findIdpByIssuer(appId, form.issuer);
      if (!idp || idp.status !== "active") return refuse("user_token_invalid", "no identity provider of this issuer");
      const signed = await payloadOf(token, idp);
      if (!signed.ok) return signed;
      const { payload } = signed;
      const party = wrongParty(payload, idp);
      if (party !== null) return refuse("user_token_invalid", party);
      const claims = readUserClaims(payload, idp.claims);
      if (!claims) return refuse("user_token_invalid", `the token has no usable claim ${idp.claims.user_id}`);
      const found = await store.seeUser(appId, idp.id, {
        newId: newId(),
        subject: claims.subject,
        email: claims.email,
        name: claims.name,
        ...(claims.groups ? { groups: claims.groups.map((group) => ({ newId: newId(), ...group })) } : {}),
        at: now(),
        signsIn: true,
      });
      const expiresAt = (payload.exp ?? 0) * 1000;
      if (verified.size >= MOST_VERIFIED) verified.clear();
      verified.set(key, {
        idpId: idp.id,
        idpUpdatedAt: idp.updatedAt,
        claims,
        userId: found.user.id,
        expiresAt,
        until: Math.min(expiresAt, now() + TRUSTED_MS),
      });
      return { ok: true, found, idp, expiresAt };
    },
  };
}

type Refused = VerifiedUser & { readonly ok: false };

/** What can be told without a key: that it is one plain JWT, which says in one way who it is from. */
function checkForm(token: string): { readonly ok: true; readonly issuer: string } | Refused {
  if (Buffer.byteLength(token) > MAX_BYTES) return refuse("user_token_invalid", "the token is over 16 KB");
  const parts = token.split(".");
  if (parts.length !== 3) return refuse("user_token_invalid", "the token is not a signed JWT");
  try {
    const header = decodeProtectedHeader(token);
    const forbidden = FORBIDDEN_HEADERS.find((name) => Object.hasOwn(header, name));
    if (forbidden !== undefined) return refuse("user_token_invalid", `the token's header holds ${forbidden}`);
    if (header.cty !== undefined) return refuse("user_token_invalid", "the token holds another token");
    if (typeof header.kid === "string" && header.kid.length > 200) {
      return refuse("user_token_invalid", "the token's key id is too long");
    }
    for (const part of parts.slice(0, 2)) {
      if (hasDuplicateNames(Buffer.from(part, "base64url").toString("utf8"))) {
        return refuse("user_token_invalid", "the token says something twice");
      }
    }
    const { iss } = decodeJwt(token);
    if (typeof iss !== "string") return refuse("user_token_invalid", "the token does not name its issuer");
    return { ok: true, issuer: iss };
  } catch {
    // Not base64url, not JSON, not an object: whatever it is, it is no JWT.
    return refuse("user_token_invalid", "the token is not a signed JWT");
  }
}

function wrongParty(payload: JWTPayload, { authorizedParties }: IdpRecord): string | null {
  if (authorizedParties.length === 0) return null;
  const party = payload["azp"] ?? payload["client_id"];
  return typeof party === "string" && authorizedParties.includes(party)
    ? null
    : "the token was issued to another party (azp)";
}

/** jose says what is wrong by its class; its messages are not for callers. */
function refusal(error: unknown): Refused {
  if (error instanceof errors.JWTExpired) return refuse("user_token_expired", "the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuse("user_token_invalid", `the claim ${error.claim} is not as it should be (${error.reason})`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse("user_token_invalid", "the algorithm is not allowed");
  if (error instanceof errors.JWKSNoMatchingKey) return refuse("user_token_invalid", "no key of the issuer fits");
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refuse("user_token_invalid", "the signature does not match");
  }
  if (error instanceof errors.JOSEError) return refuse("user_token_invalid", "the token is not a signed JWT");
  throw error;
}

function refuse(code: ErrorCode, detail: string): Refused {
  return { ok: false, code, detail };
}
