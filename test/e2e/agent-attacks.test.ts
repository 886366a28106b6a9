import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/* An agent reaches what was issued or lent to it, and a key what it is bound to. */
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

describe("an agent", () => {
  test("reaches nothing of the app, of users, of groups", async () => {
    for (const id of [world.grants.app, world.grants.ada, world.grants.staff]) {
      await attempt.refused(attempt.keyOnly(id), "no_delegated_grant", world.agent.key);
    }
    await attempt.refused(
      { alter: { "alter-method": "GET", "alter-target": upstream.origin, "alter-provider": "demo" } },
      "no_delegated_grant",
      world.agent.key,
    );
    await attempt.refused(
      attempt.byGrant(await world.issuer.sign(), world.grants.ada),
      "no_delegated_grant",
      world.agent.key,
    );
    const data = await attempt.send(
      {
        method: "GET",
        path: `/v1/grants/${world.grants.ada}/data`,
      },
      world.agent.key,
    );
    expect(data.problem?.code).toBe("grant_not_found");
  });

  test.each<[string, string, unknown]>([
    ["make a key", "/v1/keys", { name: "more" }],
    ["make an agent", "/v1/agents", { name: "more" }],
    ["end a grant", "/v1/grants/{ada}/revoke", {}],
    ["lend a grant", "/v1/grants/{ada}/delegations", { agent_id: "01890000-0000-7000-8000-00000000abcd" }],
    ["make a session", "/v1/sessions", {}],
    ["trust an issuer", "/v1/identity-providers", { issuer: "https://evil.example", audiences: ["a"] }],
    ["let somebody back in", "/v1/users/01890000-0000-7000-8000-00000000abcd/resume", {}],
  ])("does not %s", async (_name, path, body) => {
    await attempt.refused(
      attempt.admin(path.replace("{ada}", world.grants.ada), body),
      "insufficient_scope",
      world.agent.key,
    );
  });

  test("connects nothing for the app", async () => {
    const answer = await attempt.send(attempt.admin("/v1/connect/sessions", {}), world.agent.key);
    expect(answer.problem?.code).toBe("user_token_missing");
  });

  test("loses a delegation with its end, from a warm cache", async () => {
    const ada = await world.issuer.sign();
    const lend = async (expires?: number) => {
      const body = { agent_id: world.agent.id, ...(expires === undefined ? {} : { expires_in_seconds: expires }) };
      const answer = await attempt.send(attempt.admin(`/v1/grants/${world.grants.ada}/delegations`, body, ada));
      return (JSON.parse(answer.body.toString()) as { delegation_id: string }).delegation_id;
    };
    const works = async () => (await attempt.send(attempt.keyOnly(world.grants.ada), world.agent.key)).status === 200;
    const id = await lend();
    expect([await works(), await works()]).toEqual([true, true]);
    upstream.calls.length = 0;
    await world.vault.operator.call("revokeDelegation", { id });
    await attempt.refused(attempt.keyOnly(world.grants.ada), "no_delegated_grant", world.agent.key);
    await attempt.refused(attempt.byGrant(ada, world.grants.ada), "no_delegated_grant", world.agent.key);

    await lend(1);
    expect(await works()).toBe(true);
    upstream.calls.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    await attempt.refused(attempt.keyOnly(world.grants.ada), "no_delegated_grant", world.agent.key);

    await lend();
    await attempt.refused(
      attempt.byGrant(await world.issuer.sign({ sub: "eve" }), world.grants.ada),
      "no_delegated_grant",
      world.agent.key,
    );
    const userId = await world.userIdOf(ada);
    await world.vault.operator.call("suspendUser", { id: userId });
    await attempt.refused(attempt.keyOnly(world.grants.ada), "no_delegated_grant", world.agent.key);
    await world.vault.operator.call("resumeUser", { id: userId });
    expect(await works()).toBe(true);
  });

  test("that is paused makes no call, and may ask who it is", async () => {
    const { id, key, grant } = await world.newAgent("to-be-paused");
    expect((await attempt.send(attempt.keyOnly(grant), key)).status).toBe(200);
    upstream.calls.length = 0;
    await world.vault.operator.call("pauseAgent", { id });
    await attempt.refused(attempt.keyOnly(grant), "agent_inactive", key);
    const who = await attempt.send({ method: "GET", path: "/v1/whoami" }, key);
    expect(JSON.parse(who.body.toString())).toMatchObject({ agent: { agent_id: id, status: "paused" } });
    await world.vault.operator.call("resumeAgent", { id });
    expect((await attempt.send(attempt.keyOnly(grant), key)).status).toBe(200);
  });

  test("that was revoked makes no call, and does not come back", async () => {
    const { id, key, grant } = await world.newAgent("to-be-revoked");
    await world.vault.operator.call("revokeAgent", { id });
    await attempt.refused(attempt.keyOnly(grant), "agent_revoked", key);
    const resumed = await attempt.send(attempt.admin(`/v1/agents/${id}/resume`));
    expect(resumed.problem?.code).toBe("agent_revoked");
    await attempt.refused(attempt.keyOnly(grant), "agent_revoked", key);
  });
});

describe("a key", () => {
  test("is used from its own addresses only", async () => {
    const key = await world.vault.operator.call("createKey", {
      body: { name: "inside", constraints: { cidrs: ["10.0.0.0/8", "2001:db8::/32"] } },
    });
    await attempt.refused(attempt.keyOnly(world.grants.app), "key_address_not_allowed", key.api_key);
    // What a caller says about where it is counts nothing without a proxy in front.
    const claim = {
      tamper: (message: { headers: Record<string, string> }) => (message.headers["x-forwarded-for"] = "10.1.1.1"),
    };
    await attempt.refused({ ...attempt.keyOnly(world.grants.app), ...claim }, "key_address_not_allowed", key.api_key);
  });

  test("that is deprecated says so with every answer, also with a refusal", async () => {
    const key = await world.vault.operator.call("createKey", { body: { name: "old" } });
    await world.vault.operator.call("deprecateKey", { id: key.key_id });
    const calls = [
      attempt.keyOnly(world.grants.app),
      attempt.keyOnly(world.grants.ada),
      { method: "GET", path: "/v1/grants" },
      { method: "GET", path: "/v1/keys" },
      { path: "/v1/retrieve", ...attempt.keyOnly(world.grants.app) },
    ];
    for (const call of calls) {
      const answer = await attempt.send(call, key.api_key);
      expect([answer.status, answer.headers["alter-key-deprecated"]]).toEqual([expect.any(Number), "true"]);
    }
    await world.vault.operator.call("undeprecateKey", { id: key.key_id });
    const fresh = await attempt.send(attempt.keyOnly(world.grants.app), key.api_key);
    expect(fresh.headers["alter-key-deprecated"]).toBeUndefined();
  });

  test("is used as often as it may be", async () => {
    const key = await world.vault.operator.call("createKey", {
      body: { name: "slow", constraints: { requests_per_minute: 2 } },
    });
    const call = attempt.keyOnly(world.grants.app);
    for (let i = 0; i < 2; i++) expect((await attempt.send(call, key.api_key)).status).toBe(200);
    upstream.calls.length = 0;
    const answer = await attempt.refused(call, "rate_limited", key.api_key);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(50);
  });
});
