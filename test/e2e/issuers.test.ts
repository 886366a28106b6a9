import { OAuth2Server } from "oauth2-mock-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/* Issuers as they are: their keys change while calls are under way, and two programs do not say the same thing alike. */
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

describe("keys that change under load", () => {
  const WORKERS = 6;

  test("cost no call", async () => {
    const { issuer } = world;
    const statuses: number[] = [];
    const users = new Set<string>();
    let stop = false;
    const readsBefore = issuer.keyReads;

    /** Each call with a token that was made for it a moment ago, by the key of that moment. */
    async function work(number: number): Promise<void> {
      for (let i = 0; !stop; i++) {
        const account = `worker ${number} user ${i % 3}`;
        const token = i % 4 === 0 ? await issuer.signIn(account) : await issuer.sign({ sub: account });
        const answer = await attempt.send({
          method: "GET",
          path: "/v1/identity",
          alter: { "alter-user-token": token },
        });
        statuses.push(answer.status);
        users.add((JSON.parse(answer.body.toString()) as { user_id: string }).user_id);
      }
    }
    const workers = Array.from({ length: WORKERS }, (_, number) => work(number));
    for (let rotation = 0; rotation < 3; rotation++) {
      await new Promise((resolve) => setTimeout(resolve, 800));
      await issuer.rotate("stays");
    }
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    stop = true;
    await Promise.all(workers);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(50);
    expect(users.size).toBe(WORKERS * 3);
    // Not once for each call that lacked a key.
    expect(issuer.keyReads - readsBefore).toBeLessThanOrEqual(6);
  });

  test("a key that the issuer took back lets nobody in once its keys were read again", async () => {
    const { issuer } = world;
    const stolen = await issuer.sign({ sub: "mallory" });
    await issuer.rotate("goes");
    const fresh = await issuer.sign({ sub: "ada" });
    expect((await attempt.send(attempt.byGrant(fresh, world.grants.ada))).status).toBe(200);
    upstream.calls.length = 0;
    await attempt.refused(attempt.provider(stolen), "user_token_invalid");
  });
});

describe("an issuer of another make (oauth2-mock-server)", () => {
  let server: OAuth2Server;

  beforeAll(async () => {
    server = new OAuth2Server();
    await server.issuer.keys.generate("ES256");
    await server.start(0, "127.0.0.1");
    // It names localhost, and listens on the address.
    server.issuer.url = `http://127.0.0.1:${server.address().port}`;
  });
  afterAll(() => server.stop());

  test("is discovered, trusted, and its users are let in, by keys of another kind", async () => {
    const { operator } = world.vault;
    const issuer = server.issuer.url ?? "";
    const preview = await operator.call("discoverIdentityProvider", { body: { issuer } });
    expect(preview).toMatchObject({ issuer, preset: "oidc", keys: 1 });
    expect(preview.algorithms).toContain("ES256");
    const { idp_id } = await operator.call("createIdentityProvider", { body: { issuer, audiences: ["vault"] } });
    const build = (claims: Record<string, unknown>): Promise<string> =>
      server.issuer.buildToken({
        scopesOrTransform: (_header, payload) => Object.assign(payload, { aud: "vault", sub: "ada", ...claims }),
      });
    const answer = await attempt.send({
      method: "GET",
      path: "/v1/identity",
      alter: { "alter-user-token": await build({}) },
    });
    const identity = JSON.parse(answer.body.toString()) as { user_id: string };
    expect(identity).toMatchObject({ idp_id, external_subject_id: "ada" });
    // The same subject at the first issuer is somebody else.
    expect(identity.user_id).not.toBe(await world.userIdOf(await world.issuer.sign()));
    await attempt.refused(attempt.byGrant(await build({}), world.grants.ada), "grant_not_found");
    await attempt.refused(attempt.provider(await build({ aud: "other" })), "user_token_invalid");
  });

  test("a key that was added while it runs is found", async () => {
    const { kid } = await server.issuer.keys.generate("ES256", { kid: "added" });
    const token = await server.issuer.buildToken({
      kid,
      scopesOrTransform: (_header, payload) => Object.assign(payload, { aud: "vault", sub: "eve" }),
    });
    const call = { method: "GET", path: "/v1/identity", alter: { "alter-user-token": token } };
    expect((await attempt.send(call)).status).toBe(200);
  });
});
