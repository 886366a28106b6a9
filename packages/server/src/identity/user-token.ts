import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import type { ErrorCode } from "@alter-vault/protocol";
import type { NewId } from "../random.ts";
import type { IdentityStore, IdpRecord, UserWithGroups } from "../store/identity-records.ts";
import { checkTokenForm } from "./check-token-form.ts";
import type { KeySource } from "./jwks.ts";
import { readUserClaims } from "./read-user-claims.ts";
import { tokenHash } from "./token-hash.ts";

/**
 * Who is the end user? Verifies a JWT of one of the app's identity providers and finds the user it is about; the first
 * sight of a user makes them, profile and groups follow the claims of the newest token.
 *
 * It trusts the keys the issuer publishes under the address that was stored for it. It refuses whatever a token says about
 * where its key is to be found (`jku`, `x5u`, `jwk`), symmetric and unlisted algorithms, other audiences and parties, and
 * texts that can be read in two ways. The issuer is looked for among the app's own: a token of another app's issuer is a
 * token of nobody.
 */
export interface UserTokens {
  /** Codes: `user_token_invalid`, `user_token_expired`. Whether the user may act is for the caller to look at. */
  verify(appId: string, token: string): Promise<VerifiedUser>;
}

export type VerifiedUser =
  | { readonly ok: true; readonly found: UserWithGroups; readonly idp: IdpRecord; readonly expiresAt: number }
  | Refused;

interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail: string;
}

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
  readonly userId: string;
  readonly expiresAt: number;
  readonly until: number;
}

const SKEW_SECONDS = 60;
const MOST_VERIFIED = 20_000;
/** Verifying again costs little; a token whose key was taken back must not go on for its whole life. */
const TRUSTED_MS = 5 * 60_000;

export function createUserTokens({ store, keys, now, newId }: UserTokenDeps): UserTokens {
  const verified = new Map<string, Verified>();

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
    let current = await keys.keys(idp.jwksUrl);
    if (!current) return invalid("the keys of the issuer cannot be reached");
    for (let isFirst = true; ; isFirst = false) {
      const signed = await verifyWith(current, token, idp, now());
      if (signed.ok || !signed.lacksKey || !isFirst) return signed;
      const other = await keys.otherThan(idp.jwksUrl, current);
      if (!other) return signed;
      current = other;
    }
  }

  async function see(appId: string, idp: IdpRecord, payload: JWTPayload): Promise<UserWithGroups | Refused> {
    const claims = readUserClaims(payload, idp.claims);
    if (!claims) return invalid(`the token has no usable claim ${idp.claims.user_id}`);
    const at = now();
    const found = await store.seeUser(appId, idp.id, {
      newId: newId(),
      subject: claims.subject,
      email: claims.email,
      name: claims.name,
      ...(claims.groups ? { groups: claims.groups.map((group) => ({ newId: newId(), ...group })) } : {}),
      source: "token",
      at,
      // A clock of the issuer that is ahead must not outdo what its directory says next.
      saidAt: Math.min((payload.iat ?? 0) * 1000, at),
    });
    return found ?? invalid("the user cannot be kept");
  }

  return {
    async verify(appId, token) {
      const key = `${appId} ${tokenHash(token)}`;
      const known = await remembered(appId, key);
      if (known) return known;
      const form = checkTokenForm(token);
      if (!form.ok) return invalid(form.detail);
      const idp = await store.findIdpByIssuer(appId, form.issuer);
      if (!idp || idp.status !== "active") return invalid("no identity provider of this issuer");
      const signed = await payloadOf(token, idp);
      if (!signed.ok) return signed;
      const { payload } = signed;
      const wrong = wrongParty(payload, idp) ?? wrongTime(payload, now());
      if (wrong !== null) return invalid(wrong);
      const found = await see(appId, idp, payload);
      if ("ok" in found) return found;
      const expiresAt = (payload.exp ?? 0) * 1000;
      if (verified.size >= MOST_VERIFIED) verified.clear();
      verified.set(key, {
        idpId: idp.id,
        idpUpdatedAt: idp.updatedAt,
        userId: found.user.id,
        expiresAt,
        until: Math.min(expiresAt, now() + TRUSTED_MS),
      });
      return { ok: true, found, idp, expiresAt };
    },
  };
}

type Signed = { readonly ok: true; readonly payload: JWTPayload } | (Refused & { readonly lacksKey: boolean });

async function verifyWith(getKey: JWTVerifyGetKey, token: string, idp: IdpRecord, nowMs: number): Promise<Signed> {
  try {
    const { payload } = await jwtVerify(token, getKey, {
      issuer: idp.issuer,
      audience: [...idp.audiences],
      algorithms: [...idp.algorithms],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ["exp", "iat"],
    });
    return { ok: true, payload };
  } catch (error) {
    return { ...refusal(error), lacksKey: error instanceof errors.JWKSNoMatchingKey };
  }
}

function wrongParty(payload: JWTPayload, { authorizedParties }: IdpRecord): string | null {
  if (authorizedParties.length === 0) return null;
  const party = payload["azp"] ?? payload["client_id"];
  return typeof party === "string" && authorizedParties.includes(party)
    ? null
    : "the token was issued to another party (azp)";
}

function wrongTime({ iat = Infinity }: JWTPayload, nowMs: number): string | null {
  return iat <= nowMs / 1000 + SKEW_SECONDS ? null : "the token was issued in the future (iat)";
}

/** jose says what is wrong by its class; its messages are not for callers. */
function refusal(error: unknown): Refused {
  if (error instanceof errors.JWTExpired) {
    return { ok: false, code: "user_token_expired", detail: "the token has expired" };
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(`the claim ${error.claim} is not as it should be (${error.reason})`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid("the algorithm is not allowed");
  if (error instanceof errors.JWKSNoMatchingKey) return invalid("no key of the issuer fits");
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return invalid("several keys of the issuer fit, and the token names none");
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid("the signature does not match");
  if (error instanceof errors.JOSEError) return invalid("the token is not a signed JWT");
  // A key that is too short, or that cannot be read: whatever the issuer publishes, nobody is let in by it.
  return invalid("the key of the issuer cannot be used");
}

function invalid(detail: string): Refused {
  return { ok: false, code: "user_token_invalid", detail };
}
