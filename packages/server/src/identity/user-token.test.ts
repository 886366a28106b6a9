import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, type JWTVerifyGetKey } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { newId } from "../store/contract.test-support.ts";
import { openIdentityWorld, type IdentityWorld } from "./identity.test-support.ts";
import { createUserTokens, type UserTokens } from "./user-token.ts";

const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
const rotated = await generateKeyPair("RS256", { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" };
const rotatedJwk = { ...(await exportJWK(rotated.publicKey)), kid: "two", alg: "RS256" };

let world: IdentityWorld;
let tokens: UserTokens;
let published: JWTVerifyGetKey | null;
let other: JWTVerifyGetKey | null;
let keyReads: number;

beforeEach(async () => {
  world = await openIdentityWorld();
  published = createLocalJWKSet({ keys: [jwk] });
  other = null;
  keyReads = 0;
  const keys = {
    async keys() {
      keyReads++;
      return Promise.resolve(published);
    },
    otherThan: () => Promise.resolve(other),
  };
  tokens = createUserTokens({ store: world.store, keys, now: () => world.now, newId });
});

const seconds = (offset = 0): number => Math.floor(world.now / 1000) + offset;
const sign = (claims: Record<string, unknown> = {}, key = privateKey, kid = "one"): Promise<string> => {
  const all = {
    iss: "https://issuer.example",
    aud: "vault",
    sub: "ada",
    iat: seconds(),
    exp: seconds(3600),
    ...claims,
  };
  return new SignJWT(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
    .setProtectedHeader({ alg: "RS256", kid })
    .sign(key);
};
const verify = async (token: string) => tokens.verify(world.appId, token);

test("the first sight of a user makes them; the second finds them", async () => {
  const first = await verify(await sign({ email: "ada@example.com", groups: ["staff"] }));
  const second = await verify(await sign({ iat: seconds(-1), email: "ada@example.com" }));
  if (!first.ok || !second.ok) throw new Error("both are accepted");
  expect(first.found.user).toMatchObject({ subject: "ada", email: "ada@example.com", status: "active" });
  expect(first.found.groups).toMatchObject([{ externalId: "staff" }]);
  expect(second.found.user.id).toBe(first.found.user.id);
  // It was issued before the other one: what it says of groups is old.
  expect(second.found.groups).toHaveLength(1);
});

test.each<[string, Record<string, unknown>, string, RegExp]>([
  ["another audience", { aud: "other" }, "user_token_invalid", /aud/],
  ["no audience", { aud: undefined }, "user_token_invalid", /aud/],
  ["another issuer", { iss: "https://other.example" }, "user_token_invalid", /no identity provider/],
  ["no expiry", { exp: undefined }, "user_token_invalid", /exp/],
  ["no time of issue", { iat: undefined }, "user_token_invalid", /iat/],
  ["a time of issue that is no time", { iat: "now" }, "user_token_invalid", /iat/],
  ["expired", { exp: 1 }, "user_token_expired", /expired/],
  ["no subject", { sub: undefined }, "user_token_invalid", /claim sub/],
  ["a subject that is a list", { sub: ["ada"] }, "user_token_invalid", /claim sub/],
])("refuses %s", async (_name, claims, code, detail) => {
  expect(await verify(await sign(claims))).toMatchObject({
    ok: false,
    code,
    detail: expect.stringMatching(detail) as string,
  });
  expect(await world.store.listUsers(world.appId, { idpId: null, after: "", limit: 10 })).toEqual([]);
});

test("clocks may differ by a minute, and no more", async () => {
  const ok = async (claims: Record<string, unknown>) => (await verify(await sign(claims))).ok;
  expect(await ok({ iat: seconds(59), exp: seconds(100) })).toBe(true);
  expect(await ok({ iat: seconds(61), exp: seconds(101) })).toBe(false);
  expect(await ok({ nbf: seconds(59) })).toBe(true);
  expect(await ok({ nbf: seconds(61) })).toBe(false);
  expect(await ok({ exp: seconds(-59) })).toBe(true);
  expect(await ok({ exp: seconds(-61) })).toBe(false);
});

test("a token of an issuer that is ahead does not outdo what the directory says next", async () => {
  const seen = await verify(await sign({ iat: seconds(50), groups: ["staff"] }));
  if (!seen.ok) throw new Error("it is accepted");
  const group = seen.found.groups[0]?.id ?? "";
  await world.store.setMembership(world.appId, group, seen.found.user.id, false, world.now);
  const late = {
    subject: "ada",
    name: "Later",
    source: "directory",
    newId: newId(),
    at: world.now + 1,
    saidAt: world.now + 1,
  } as const;
  expect((await world.store.seeUser(world.appId, world.idp.id, late))?.user.name).toBe("Later");
});

test("a key that is too short, or broken, lets nobody in and breaks nothing", async () => {
  published = createLocalJWKSet({ keys: [{ ...jwk, n: "AQAB" }] });
  expect(await verify(await sign())).toMatchObject({
    code: "user_token_invalid",
    detail: expect.stringMatching(/key of the issuer/) as string,
  });
});

test("without the keys of the issuer nobody is verified", async () => {
  published = null;
  expect(await verify(await sign())).toMatchObject({
    code: "user_token_invalid",
    detail: expect.stringMatching(/reached/) as string,
  });
});

test("a key that is not among those known is looked for once more", async () => {
  other = createLocalJWKSet({ keys: [rotatedJwk] });
  expect((await verify(await sign({}, rotated.privateKey, "two"))).ok).toBe(true);
  other = null;
  expect(await verify(await sign({ sub: "eve" }, rotated.privateKey, "three"))).toMatchObject({
    detail: "no key of the issuer fits",
  });
});

test("azp, or client_id, must be one of the authorized parties", async () => {
  const party = { ...world.idp, authorizedParties: ["web"], updatedAt: 20 };
  await world.store.updateIdp(party, world.idp.updatedAt);
  const ok = async (claims: Record<string, unknown>) => (await verify(await sign(claims))).ok;
  expect(await ok({ azp: "web" })).toBe(true);
  expect(await ok({ client_id: "web" })).toBe(true);
  expect(await ok({ azp: "other", client_id: "web" })).toBe(false);
  expect(await ok({ azp: ["web"] })).toBe(false);
  expect(await ok({})).toBe(false);
});

describe("a token that was verified", () => {
  test("is verified again after five minutes, and when its time is over", async () => {
    const token = await sign({ exp: seconds(400) });
    for (const advance of [0, 1_000, 298_000]) {
      world.now += advance;
      expect((await verify(token)).ok).toBe(true);
    }
    expect(keyReads).toBe(1);
    world.now += 2_000;
    await verify(token);
    expect(keyReads).toBe(2);
    world.now += 200_000;
    expect(await verify(token)).toMatchObject({ code: "user_token_expired" });
  });

  test("is worth nothing to another app", async () => {
    const token = await sign();
    await verify(token);
    expect(await tokens.verify(newId(), token)).toMatchObject({ ok: false, code: "user_token_invalid" });
  });

  test("tells of groups and status as they are now", async () => {
    const token = await sign({ groups: ["staff"] });
    const first = await verify(token);
    if (!first.ok) throw new Error("it is accepted");
    await world.store.setMembership(
      world.appId,
      first.found.groups[0]?.id ?? "",
      first.found.user.id,
      false,
      world.now,
    );
    await world.store.setUserStatus(world.appId, first.found.user.id, "suspended");
    expect(await verify(token)).toMatchObject({ ok: true, found: { user: { status: "suspended" }, groups: [] } });
    // Also when it is verified anew: it is older than the directory's word.
    world.now += 6 * 60_000;
    expect(await verify(token)).toMatchObject({ ok: true, found: { groups: [] } });
  });

  test("is void with a change of the identity provider", async () => {
    const token = await sign();
    await verify(token);
    await world.store.updateIdp({ ...world.idp, audiences: ["other"], updatedAt: 20 }, world.idp.updatedAt);
    expect(await verify(token)).toMatchObject({ ok: false, code: "user_token_invalid" });
    await world.store.updateIdp({ ...world.idp, updatedAt: 30 }, 20);
    expect((await verify(token)).ok).toBe(true);
    await world.store.updateIdp({ ...world.idp, status: "disabled", updatedAt: 40 }, 30);
    expect(await verify(token)).toMatchObject({ ok: false, code: "user_token_invalid" });
    await world.store.deleteIdp(world.appId, world.idp.id);
    expect(await verify(token)).toMatchObject({ ok: false, code: "user_token_invalid" });
  });
});
