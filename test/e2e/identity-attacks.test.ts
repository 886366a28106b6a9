import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import type { RawAnswer } from "../harness/raw-call.ts";
import { startTokenIssuer } from "../harness/token-issuer.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * Who is asking, by whoever is somebody else. Every row ends in a named error, an entry in the audit log, and a provider
 * that nobody called. The issuers are real, and sign what no honest issuer would.
 */
let world: IdentityWorld;
let upstream: Upstream;
let attempt: Attempts;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  attempt = attempts(world, upstream);
});
afterAll(async () => {
  await world.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

test("an honest token of a real issuer is let in, by provider and by grant", async () => {
  const token = await world.issuer.signIn("ada");
  for (const call of [attempt.provider(token), attempt.byGrant(token, world.grants.ada)]) {
    expect((await attempt.send(call)).status).toBe(200);
  }
  expect(upstream.calls.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer fake-token-of-ada",
    "Bearer fake-token-of-ada",
  ]);
});

type Forged = () => Promise<string> | string;

describe("a token that", () => {
  const rows = {
    "is not signed (alg none)": (): string =>
      `${encode({ alg: "none", typ: "JWT" })}.${encode(world.issuer.claims())}.`,
    "says none and carries a signature": async () => {
      const [, payload, signature] = (await world.issuer.sign()).split(".");
      return `${encode({ alg: "none", typ: "JWT" })}.${payload}.${signature}`;
    },
    "is signed with the public key as a secret (HS256)": async () => {
      const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(world.issuer.claims())}`;
      return `${text}.${createHmac("sha256", await world.issuer.publicPem())
        .update(text)
        .digest("base64url")}`;
    },
    "is signed by somebody else with the same key id": async () => {
      const [header = ""] = (await world.issuer.sign()).split(".");
      const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
      return world.stranger.sign({ iss: world.issuer.issuer }, { kid });
    },
    "was changed after it was signed": async () => {
      const [header, , signature] = (await world.issuer.sign()).split(".");
      return `${header}.${encode(world.issuer.claims({ sub: "eve" }))}.${signature}`;
    },
    "names a path as its key": () => world.issuer.sign({}, { kid: "../../../../dev/null" }),
    "names SQL as its key": () => world.issuer.sign({}, { kid: "x' UNION SELECT 'key' --" }),
    "names an address as its key": () => world.issuer.sign({}, { kid: `${upstream.origin}/key` }),
    "names a key of a kilobyte": () => world.issuer.sign({}, { kid: "k".repeat(1024) }),
    "brings the address of its keys (jku)": () => world.issuer.sign({}, { jku: `${upstream.origin}/jwks` }),
    "brings the address of its certificate (x5u)": () => world.issuer.sign({}, { x5u: `${upstream.origin}/cert` }),
    "brings its own key (jwk)": () => world.issuer.sign({}, { jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } }),
    "brings its own certificate (x5c)": () => world.issuer.sign({}, { x5c: ["MIIB"] }),
    "wants something understood (crit)": () => world.issuer.sign({}, { crit: ["b64"], b64: true }),
    "holds another token": () => world.issuer.sign({}, { cty: "JWT" }),
    "is a logout token": () => world.issuer.sign({}, { typ: "logout+jwt" }),
    "is encrypted": () => "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d",
    "is of an issuer nobody knows": () => world.stranger.sign(),
    "is of another app's issuer": () => world.others.sign(),
    "is of an issuer with another case": () => world.issuer.sign({ iss: world.issuer.issuer.toUpperCase() }),
    "is of its issuer with a slash": () => world.issuer.sign({ iss: `${world.issuer.issuer}/` }),
    "names two issuers": () => world.issuer.sign({ iss: [world.issuer.issuer, world.stranger.issuer] }),
    "is for another audience": () => world.issuer.sign({ aud: "another-relying-party" }),
    "is for no audience": () => world.issuer.sign({ aud: undefined }),
    "is for an audience that contains ours": () => world.issuer.sign({ aud: `${world.issuer.audience}-2` }),
    "was issued to another party (azp)": () => world.strict.sign({ azp: "evil" }),
    "was issued to nobody (azp)": () => world.strict.sign(),
    "never expires": () => world.issuer.sign({ exp: undefined }),
    "is not valid yet (nbf)": () => world.issuer.sign({ nbf: Math.floor(Date.now() / 1000) + 300 }),
    "comes from the future (iat)": () => world.issuer.sign({ iat: Math.floor(Date.now() / 1000) + 300 }),
    "does not say when it was issued": () => world.issuer.sign({ iat: undefined }),
    "is about nobody": () => world.issuer.sign({ sub: undefined }),
    "is about a list": () => world.issuer.sign({ sub: ["ada"] }),
    "is about somebody with a control character": () => world.issuer.sign({ sub: "ada\u0000" }),
    "is 17 KB long": () => world.issuer.sign({ pad: "x".repeat(13_000) }),
    "says who it is about twice": () => {
      const text = JSON.stringify(world.issuer.claims()).replace('"sub":"ada"', '"sub":"ada","sub":"eve"');
      return world.issuer.signText(text);
    },
    "says it in two ways of writing": () => {
      const text = JSON.stringify(world.issuer.claims()).replace('"sub":"ada"', '"sub":"ada","\\u0073ub":"eve"');
      return world.issuer.signText(text);
    },
    "holds no object": () => world.issuer.signText('["sub","ada"]'),
    "comes twice in one header": async () => {
      const token = await world.issuer.sign();
      return `${token}, ${token}`;
    },
    "is empty": () => " ",
    "is no token": () => "alter",
  } satisfies Record<string, Forged>;

  test.each(Object.entries(rows))("%s", async (_name, forge) => {
    await attempt.refused(attempt.provider(await forge()), "user_token_invalid");
  });

  test("has expired", async () => {
    await attempt.refused(
      attempt.provider(await world.issuer.sign({ exp: Math.floor(Date.now() / 1000) - 61 })),
      "user_token_expired",
    );
  });

  test("is larger than all headers may be: a named answer, and no broken connection", async () => {
    const answer = await attempt.send(attempt.provider("x".repeat(70_000)));
    expect(answer).toMatchObject({ status: 431, problem: { code: "body_too_large" } });
    expect(upstream.calls).toEqual([]);
  });

  test("was put in after signing, or in the place of another", async () => {
    const token = await world.issuer.sign({ sub: "eve" });
    const stolen = {
      ...attempt.provider(await world.issuer.sign()),
      tamper: (message: { headers: Record<string, string> }) => (message.headers["alter-user-token"] = token),
    };
    await attempt.refused(stolen, "signature_invalid");
    const added = {
      ...attempt.keyOnly(world.grants.app),
      tamper: (message: { headers: Record<string, string> }) => (message.headers["alter-user-token"] = token),
    };
    await attempt.refused(added, "signature_invalid");
  });
});

describe("another user's grant", () => {
  test("by its id, with a token, without one, and in the place of one that never was: one answer", async () => {
    const eve = await world.issuer.sign({ sub: "eve" });
    const theirs = await attempt.refused(attempt.byGrant(eve, world.grants.ada), "grant_not_found");
    const nothing = "01890000-0000-7000-8000-00000000abcd";
    const never = await attempt.refused(attempt.byGrant(eve, nothing), "grant_not_found");
    const blank = ({ body }: RawAnswer, id: string, request: string) =>
      body.toString().replaceAll(id, "").replaceAll(request, "");
    expect(blank(theirs, world.grants.ada, theirs.problem?.request_id ?? "-")).toBe(
      blank(never, nothing, never.problem?.request_id ?? "-"),
    );
    await attempt.refused(attempt.keyOnly(world.grants.ada), "grant_not_found");
  });

  test("by provider: nothing is connected", async () => {
    await attempt.refused(attempt.provider(await world.issuer.sign({ sub: "mallory" })), "grant_not_found");
  });

  test("of the same subject at another issuer: they are two people", async () => {
    const twin = await world.strict.sign({ azp: "web" });
    await attempt.refused(attempt.provider(twin), "grant_not_found");
    await attempt.refused(attempt.byGrant(twin, world.grants.ada), "grant_not_found");
  });

  test("of a group one is not in, and of one that was left", async () => {
    await attempt.refused(
      attempt.byGrant(await world.issuer.sign({ sub: "eve", groups: ["sales"] }), world.grants.staff),
      "grant_not_found",
    );
    const before = await world.issuer.sign({ sub: "gus", groups: ["staff"], iat: Math.floor(Date.now() / 1000) - 2 });
    expect((await attempt.send(attempt.byGrant(before, world.grants.staff))).status).toBe(200);
    upstream.calls.length = 0;
    await attempt.refused(
      attempt.byGrant(await world.issuer.sign({ sub: "gus", groups: [] }), world.grants.staff),
      "grant_not_found",
    );
    // The token from before is still good, but what it says of groups is old.
    await attempt.refused(attempt.byGrant(before, world.grants.staff), "grant_not_found");
  });

  test("read, changed, ended or lent by somebody else", async () => {
    const eve = await world.issuer.sign({ sub: "eve" });
    const id = world.grants.ada;
    const asEve = { "alter-user-token": eve };
    for (const call of [
      { method: "GET", path: `/v1/grants/${id}`, alter: asEve },
      { method: "GET", path: `/v1/grants/${id}/data`, alter: asEve },
      { method: "PUT", path: `/v1/grants/${id}/data`, alter: asEve, body: '{"data":{}}' },
      { method: "PATCH", path: `/v1/grants/${id}`, alter: asEve, body: '{"label":"mine"}' },
      { path: `/v1/grants/${id}/revoke`, alter: asEve, body: "{}" },
      { path: `/v1/grants/${id}/disconnect`, alter: asEve, body: "{}" },
      { path: `/v1/grants/${id}/refresh`, alter: asEve, body: "" },
      { path: `/v1/grants/${id}/delegations`, alter: asEve, body: JSON.stringify({ agent_id: world.agent.id }) },
    ]) {
      const answer = await attempt.send(call);
      expect([call.path, answer.problem?.code]).toEqual([call.path, "grant_not_found"]);
    }
    const listed = await attempt.send({
      method: "GET",
      path: "/v1/grants",
      alter: asEve,
    });
    expect(JSON.parse(listed.body.toString())).toMatchObject({ grants: [], total: 0 });
  });
});

describe("a user", () => {
  test.each([
    ["suspended", (id: string) => world.vault.operator.call("suspendUser", { id })],
    ["deleted", (id: string) => world.vault.operator.call("deleteUser", { id })],
  ])("who was %s: the next call is refused, whatever is remembered of the token", async (state, end) => {
    const token = await world.issuer.sign({ sub: `to be ${state}` });
    const userId = await world.userIdOf(token);
    const session = await world.session(token);
    const grant = await world.issue(
      `fake-token-${state}`,
      { type: "user", user_id: userId, label: state },
      `for-${state}`,
    );
    const calls = [
      attempt.byGrant(token, grant),
      attempt.provider(token, `for-${state}`),
      attempt.byGrant(session, grant),
    ];
    for (const call of calls) expect((await attempt.send(call)).status).toBe(200);
    upstream.calls.length = 0;
    await end(userId);
    for (const call of calls) {
      const answer = await attempt.refused(call, "user_inactive");
      expect(await attempt.entryOf(answer)).toMatchObject({ user_id: userId });
    }
    // Nor by signing in again.
    await attempt.refused(
      attempt.provider(await world.issuer.sign({ sub: `to be ${state}`, iat: Math.floor(Date.now() / 1000) - 1 })),
      "user_inactive",
    );
  });

  test("of an identity provider that is disabled, or gone", async () => {
    const issuer = await startTokenIssuer();
    try {
      const idp = await world.trust(issuer);
      const token = await issuer.sign();
      const userId = await world.userIdOf(token);
      const session = await world.session(token);
      const grant = await world.issue("fake-token-gone", { type: "user", user_id: userId, label: "gone" }, "gone");
      for (const one of [token, session]) expect((await attempt.send(attempt.byGrant(one, grant))).status).toBe(200);
      upstream.calls.length = 0;
      await world.vault.operator.call("updateIdentityProvider", { id: idp, body: { status: "disabled" } });
      await attempt.refused(attempt.byGrant(token, grant), "user_token_invalid");
      await attempt.refused(attempt.byGrant(session, grant), "user_inactive");
      await world.vault.operator.call("updateIdentityProvider", { id: idp, body: { status: "active" } });
      await world.vault.operator.call("deleteIdentityProvider", { id: idp });
      await attempt.refused(attempt.byGrant(token, grant), "user_token_invalid");
      await attempt.refused(attempt.byGrant(session, grant), "user_inactive");
      // Trusted again, the same subject is somebody new.
      await world.trust(issuer);
      await attempt.refused(
        attempt.byGrant(await issuer.sign({ iat: Math.floor(Date.now() / 1000) - 1 }), grant),
        "grant_not_found",
      );
    } finally {
      await issuer.close();
    }
  });
});
