import { beforeEach, expect, test } from "vitest";
import { openIdentityWorld, type IdentityWorld } from "../identity/identity.test-support.ts";
import { beyondSession, sessionOwner } from "./session-owner.ts";

let world: IdentityWorld;

beforeEach(async () => {
  world = await openIdentityWorld();
});

test("an app connects for itself, or for the user whose token came along", async () => {
  const ada = await world.user("ada");
  expect(await sessionOwner(world.store, world.asker(), undefined)).toMatchObject({
    owner: { principal: { type: "system", id: null }, agent: null },
  });
  expect(await sessionOwner(world.store, world.asUser(ada), undefined)).toMatchObject({
    owner: { principal: { type: "user", id: ada.user.id }, agent: null },
  });
});

test("an agent is named by id or name, and asks for itself whatever is named", async () => {
  const [ada, agent, other] = [await world.user("ada"), await world.agent(), await world.agent()];
  for (const name of [agent.id, agent.name]) {
    expect(await sessionOwner(world.store, world.asUser(ada), name)).toMatchObject({
      owner: { agent: { id: agent.id } },
    });
  }
  const asked = await sessionOwner(world.store, world.asUser(ada, { agent }), other.id);
  expect(asked).toMatchObject({ owner: { agent: { id: agent.id } } });
  await world.store.revokeAgent(world.appId, other.id, world.now);
  expect(await sessionOwner(world.store, world.asUser(ada), other.id)).toMatchObject({ code: "agent_revoked" });
});

test("an agent connects nothing for the app", async () => {
  const agent = await world.agent();
  expect(await sessionOwner(world.store, world.asker({ agent }), undefined)).toMatchObject({
    code: "user_token_missing",
  });
});

test("a session connects what it is for", () => {
  const owner = { appId: "app", principal: { type: "system", id: null }, agent: null } as const;
  const bound = (session: { providers: string[] | null; grants: string[] | null }, providers: string[], id?: string) =>
    beyondSession({ ...owner, session }, providers, id)?.code ?? "ok";
  expect(beyondSession({ ...owner, session: null }, ["slack"], undefined)).toBeNull();
  expect(bound({ providers: null, grants: null }, ["slack"])).toBe("ok");
  expect(bound({ providers: ["github"], grants: null }, ["github"])).toBe("ok");
  expect(bound({ providers: ["github"], grants: null }, ["github", "slack"])).toBe("session_too_wide");
  expect(bound({ providers: null, grants: ["one"] }, ["github"])).toBe("session_too_wide");
  expect(bound({ providers: null, grants: ["one"] }, ["github"], "two")).toBe("session_too_wide");
  expect(bound({ providers: null, grants: ["one"] }, ["github"], "one")).toBe("ok");
});
