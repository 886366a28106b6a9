import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/* A vault session stands in for its user, and can do no more than it was made for. */
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

describe("a vault session", () => {
  const nobody = "alter_sess_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

  test.each<[string, () => Promise<string> | string]>([
    ["that never was", () => nobody],
    ["of another app", () => world.sessionOfOtherApp],
    [
      "that was revoked",
      async () => {
        const { token, id } = await world.sessionWithId(await world.issuer.sign());
        await attempt.send(attempt.admin(`/v1/sessions/${id}/revoke`));
        return token;
      },
    ],
    [
      "whose parent was revoked",
      async () => {
        const parent = await world.sessionWithId(await world.issuer.sign());
        const child = await world.session(await world.session(parent.token));
        await attempt.send(attempt.admin(`/v1/sessions/${parent.id}/revoke`));
        return child;
      },
    ],
    [
      "of an agent, in the hands of the app",
      async () => world.session(await world.issuer.sign(), { agent_id: world.agent.id }),
    ],
  ])("%s", async (_name, token) => {
    await attempt.refused(attempt.byGrant(await token(), world.grants.ada), "session_invalid");
  });

  test("of another user opens nothing of this one", async () => {
    const eve = await world.session(await world.issuer.sign({ sub: "eve" }));
    await attempt.refused(attempt.byGrant(eve, world.grants.ada), "grant_not_found");
    await attempt.refused(attempt.provider(eve), "grant_not_found");
  });

  test("is not ended by another user, nor by one of its children", async () => {
    const ada = await world.issuer.sign();
    const parent = await world.sessionWithId(ada);
    const child = await world.session(parent.token);
    const eve = await world.issuer.sign({ sub: "eve" });
    for (const token of [eve, child]) {
      await attempt.refused(attempt.admin(`/v1/sessions/${parent.id}/revoke`, {}, token), "session_invalid");
    }
    expect((await attempt.send(attempt.byGrant(child, world.grants.ada))).status).toBe(200);
  });

  test.each<[string, Record<string, unknown>]>([
    ["scopes", { scopes: ["grants:write"] }],
    ["providers", { providers: ["demo", "other"] }],
    ["grants", { grants: ["01890000-0000-7000-8000-00000000abcd"] }],
    ["agents", { agent_id: "01890000-0000-7000-8000-00000000abcd" }],
  ])("is not widened by its child: %s", async (_name, wish) => {
    const parent = await world.session(await world.issuer.sign(), {
      scopes: ["proxy:execute", "sessions:write"],
      providers: ["demo"],
      grants: [world.grants.ada],
      agent_id: world.agent.id,
    });
    // An agent's key makes no sessions, so the child is asked for where the binding cannot be: with the app's own key.
    await attempt.refused(attempt.admin("/v1/sessions", wish, parent), "session_invalid");
    const free = await world.session(await world.issuer.sign(), {
      scopes: ["proxy:execute", "sessions:write"],
      providers: ["demo"],
      grants: [world.grants.ada],
    });
    await attempt.refused(
      attempt.admin("/v1/sessions", wish, free),
      wish["agent_id"] === undefined ? "session_too_wide" : "agent_not_found",
    );
  });

  test("is not longer than its parent", async () => {
    const parent = await world.session(await world.issuer.sign(), { expires_in_seconds: 60 });
    const answer = await attempt.send(attempt.admin("/v1/sessions", { expires_in_seconds: 86_400 }, parent));
    expect((JSON.parse(answer.body.toString()) as { expires_in: number }).expires_in).toBeLessThanOrEqual(60);
  });

  test("does what it is for, and nothing else", async () => {
    const ada = await world.issuer.sign();
    await attempt.refused(
      attempt.byGrant(await world.session(ada, { providers: ["other"] }), world.grants.ada),
      "grant_not_found",
    );
    await attempt.refused(
      attempt.byGrant(await world.session(ada, { grants: [world.grants.staff] }), world.grants.ada),
      "grant_not_found",
    );
    await attempt.refused(
      attempt.byGrant(await world.session(ada, { scopes: ["grants:read"] }), world.grants.ada),
      "insufficient_scope",
    );
    const reader = await world.session(ada, { scopes: ["grants:read"] });
    await attempt.refused(attempt.admin(`/v1/grants/${world.grants.ada}/revoke`, {}, reader), "insufficient_scope");
    const other = await world.session(ada, { providers: ["other"] });
    await attempt.refused(attempt.admin(`/v1/grants/${world.grants.ada}/revoke`, {}, other), "grant_not_found");
    await attempt.refused(
      attempt.admin(`/v1/grants/${world.grants.ada}/delegations`, { agent_id: world.agent.id }, other),
      "grant_not_found",
    );
    await attempt.refused(
      attempt.admin(`/v1/secrets/${world.secret}/grants`, { principal: { type: "system" } }, other),
      "session_too_wide",
    );
  });

  test("does not reach into another app", async () => {
    const call = { ...attempt.admin("/v1/grants/revoke", { provider_id: "demo" }, await world.issuer.sign()) };
    await attempt.refused({ ...call, alter: { ...call.alter, "alter-app": world.otherApp } }, "invalid_request");
  });
});
