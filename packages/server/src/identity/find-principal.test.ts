import { beforeEach, expect, test } from "vitest";
import { newId } from "../store/contract.test-support.ts";
import { findPrincipal } from "./find-principal.ts";
import { openIdentityWorld, type IdentityWorld } from "./identity.test-support.ts";
import type { UserTokens } from "./user-token.ts";

let world: IdentityWorld;
let deps: Parameters<typeof findPrincipal>[0];

beforeEach(async () => {
  world = await openIdentityWorld();
  const userTokens: UserTokens = {
    async verify(_appId, token) {
      const found = await world.user(token);
      return { ok: true, found, idp: world.idp, expiresAt: world.now + 1 };
    },
  };
  deps = { store: world.store, userTokens, newId, now: () => world.now };
});

test("the app itself", async () => {
  expect(await findPrincipal(deps, world.asker(), { type: "system" })).toEqual({
    ok: true,
    principal: { type: "system", id: null },
  });
});

test("a user by their token or their id, if they stand", async () => {
  const { user } = await world.user("ada");
  const of = { ok: true, principal: { type: "user", id: user.id } };
  expect(await findPrincipal(deps, world.asker(), { type: "user", label: "l", user_id: user.id })).toEqual(of);
  expect(await findPrincipal(deps, world.asker(), { type: "user", label: "l", user_token: "ada" })).toEqual(of);
  const nobody = { type: "user", label: "l" } as const;
  expect(await findPrincipal(deps, world.asker(), nobody)).toMatchObject({ code: "user_not_found" });
  expect(await findPrincipal(deps, world.asker(), { ...nobody, user_id: newId() })).toMatchObject({
    code: "user_not_found",
  });
  await world.store.setUserStatus(world.appId, user.id, "suspended");
  expect(await findPrincipal(deps, world.asker(), { ...nobody, user_id: user.id })).toMatchObject({
    code: "user_not_found",
  });
  expect(await findPrincipal(deps, world.asker(), { ...nobody, user_token: "ada" })).toMatchObject({
    code: "user_inactive",
  });
});

test("a group is made when it was not seen before, and keeps its name when it was", async () => {
  const wish = { type: "group", idp_id: world.idp.id, external_group_id: "staff", label: "l" } as const;
  const made = await findPrincipal(deps, world.asker(), wish);
  const group = await world.store.findGroupByExternalId(world.appId, world.idp.id, "staff");
  expect(made).toEqual({ ok: true, principal: { type: "group", id: group?.id } });
  if (group) await world.store.putGroup({ ...group, name: "Everybody" });
  expect(await findPrincipal(deps, world.asker(), wish)).toEqual(made);
  expect((await world.store.findGroup(world.appId, group?.id ?? ""))?.name).toBe("Everybody");
  const elsewhere = { ...wish, idp_id: newId() };
  expect(await findPrincipal(deps, world.asker(), elsewhere)).toMatchObject({ code: "identity_provider_not_found" });
});

test("an agent is named, or is the one that asks", async () => {
  const [agent, other] = [await world.agent(), await world.agent()];
  const of = { ok: true, principal: { type: "agent", id: agent.id } };
  expect(await findPrincipal(deps, world.asker(), { type: "agent", agent_id: agent.id })).toEqual(of);
  expect(await findPrincipal(deps, world.asker({ agent }), { type: "agent" })).toEqual(of);
  expect(await findPrincipal(deps, world.asker(), { type: "agent" })).toMatchObject({ code: "agent_key_required" });
  const theirs = { type: "agent", agent_id: other.id } as const;
  expect(await findPrincipal(deps, world.asker({ agent }), theirs)).toMatchObject({ code: "agent_not_allowed" });
  await world.store.revokeAgent(world.appId, other.id, world.now);
  expect(await findPrincipal(deps, world.asker(), theirs)).toMatchObject({ code: "agent_not_found" });
});
