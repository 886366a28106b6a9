import { beforeEach, describe, expect, test } from "vitest";
import type { Asker } from "../identity/asker.ts";
import { openIdentityWorld, type IdentityWorld } from "../identity/identity.test-support.ts";
import { newId } from "../store/contract.test-support.ts";
import type { AgentRecord } from "../store/agent-records.ts";
import type { UserWithGroups, VaultSessionRecord } from "../store/identity-records.ts";
import { resolveGrant } from "./resolve-grant.ts";

let world: IdentityWorld;
let ada: UserWithGroups;
let eve: UserWithGroups;
let agent: AgentRecord;

beforeEach(async () => {
  world = await openIdentityWorld();
  [ada, eve, agent] = [await world.user("ada", ["staff"]), await world.user("eve"), await world.agent()];
});

type Wish = { grant_id: string } | { provider: string; account?: string };
const resolve = async (asker: Asker, wish: Wish) => resolveGrant(world.store, asker, wish, world.now);
async function found(asker: Asker, wish: Wish): Promise<string> {
  const resolved = await resolve(asker, wish);
  return resolved.ok ? resolved.found.grant.id : resolved.code;
}
const demo = { provider: "demo" };
const session = (over: Partial<VaultSessionRecord>): VaultSessionRecord => ({
  id: newId(),
  appId: world.appId,
  tokenHash: "hash",
  userId: ada.user.id,
  agentId: null,
  scopes: [],
  providers: null,
  grants: null,
  parentId: null,
  createdAt: 1,
  expiresAt: world.now + 1000,
  revokedAt: null,
  ...over,
});

test("either a grant or a provider", async () => {
  expect(await resolveGrant(world.store, world.asker(), {}, 0)).toMatchObject({ code: "invalid_request" });
  const both = { grant_id: newId(), provider: "demo" };
  expect(await resolveGrant(world.store, world.asker(), both, 0)).toMatchObject({ code: "invalid_request" });
});

describe("the app itself", () => {
  test("has what is its own, and no user's", async () => {
    const own = await world.account(null);
    const theirs = await world.account(ada.user.id);
    expect(await found(world.asker(), demo)).toBe(own.id);
    expect(await found(world.asker(), { grant_id: own.id })).toBe(own.id);
    expect(await found(world.asker(), { grant_id: theirs.id })).toBe("grant_not_found");
  });

  test("finds an account, however many there are", async () => {
    for (let i = 0; i < 25; i++) await world.account(null);
    const last = await world.account(null);
    expect(await found(world.asker(), { ...demo, account: last.account?.identifier ?? "" })).toBe(last.id);
    const many = await resolve(world.asker(), demo);
    expect(many).toMatchObject({ code: "ambiguous_grant", details: { provider_id: "demo" } });
  });
});

describe("a user", () => {
  test("has what is theirs, and another user's grant does not exist", async () => {
    const [mine, theirs, apps] = [
      await world.account(ada.user.id),
      await world.account(eve.user.id),
      await world.account(null),
    ];
    expect(await found(world.asUser(ada), demo)).toBe(mine.id);
    expect(await resolve(world.asUser(ada), { grant_id: theirs.id })).toEqual(
      expect.objectContaining({ code: "grant_not_found", detail: "no grant of this id" }),
    );
    // The app's own by its id only.
    expect(await found(world.asUser(ada), { grant_id: apps.id })).toBe(apps.id);
    const nothing = newId();
    const unknown = await resolve(world.asUser(ada), { grant_id: nothing });
    const hidden = await resolve(world.asUser(ada), { grant_id: theirs.id });
    const blank = (answer: unknown, id: string) => JSON.stringify(answer).replaceAll(id, "");
    expect(blank(hidden, theirs.id)).toBe(blank(unknown, nothing));
  });

  test("has what was issued to a group, as long as they are in it", async () => {
    const group = ada.groups[0]!;
    const shared = await world.account(group.id, { principalType: "group" });
    expect(await found(world.asUser(ada), demo)).toBe(shared.id);
    expect(await found(world.asUser(eve), { grant_id: shared.id })).toBe("grant_not_found");
    await world.store.setMembership(world.appId, group.id, ada.user.id, false, world.now);
    const now = (await world.store.findUser(world.appId, ada.user.id))!;
    expect(await found(world.asUser(now), demo)).toBe("grant_not_found");
    expect(await found(world.asUser(now), { grant_id: shared.id })).toBe("grant_not_found");
  });

  test("is told which accounts there are to choose from; one that expired is none", async () => {
    const [one, two] = [await world.account(ada.user.id), await world.account(ada.user.id, { label: "work" })];
    expect(await resolve(world.asUser(ada), demo)).toMatchObject({
      code: "ambiguous_grant",
      details: { account_identifiers: [one.account?.identifier, "work"] },
    });
    expect(await found(world.asUser(ada), { ...demo, account: "work" })).toBe(two.id);
    const over = await world.account(eve.user.id, { expiresAt: world.now });
    expect(await found(world.asUser(eve), demo)).toBe(over.id);
    const living = await world.account(eve.user.id);
    expect(await found(world.asUser(eve), demo)).toBe(living.id);
  });

  test("in a session has what the session is for", async () => {
    const [one, two] = [await world.account(ada.user.id), await world.account(ada.user.id)];
    const only = world.asUser(ada, { session: session({ grants: [one.id] }) });
    expect(await found(only, demo)).toBe(one.id);
    expect(await found(only, { grant_id: two.id })).toBe("grant_not_found");
    const elsewhere = world.asUser(ada, { session: session({ providers: ["other"] }) });
    expect(await found(elsewhere, { grant_id: one.id })).toBe("grant_not_found");
    const apps = await world.account(null);
    expect(await found(elsewhere, { grant_id: apps.id })).toBe("grant_not_found");
  });
});

describe("an agent", () => {
  const as = (over: Partial<Asker> = {}) => world.asker({ agent, ...over });

  test("has what was issued to it, and nothing of the app or of users", async () => {
    const [apps, users] = [await world.account(null), await world.account(ada.user.id)];
    for (const { id } of [apps, users]) expect(await found(as(), { grant_id: id })).toBe("no_delegated_grant");
    expect(await found(as(), demo)).toBe("no_delegated_grant");
    const own = await world.account(agent.id, { principalType: "agent" });
    expect(await found(as(), demo)).toBe(own.id);
    const another = await world.agent();
    expect(await found(world.asker({ agent: another }), { grant_id: own.id })).toBe("no_delegated_grant");
  });

  test("has what a user delegated, until it ends", async () => {
    const grant = await world.account(ada.user.id);
    const { id } = await world.delegate(grant, agent.id, { expiresAt: world.now + 1_000 });
    for (const wish of [demo, { grant_id: grant.id }]) {
      expect(await resolve(as(), wish)).toMatchObject({ ok: true, delegationId: id });
    }
    world.now += 1_000;
    for (const wish of [demo, { grant_id: grant.id }]) expect(await found(as(), wish)).toBe("no_delegated_grant");
    await world.delegate(grant, agent.id);
    expect(await found(as(), demo)).toBe(grant.id);
    const again = await world.store.findDelegationOf(world.appId, agent.id, grant.id);
    await world.store.revokeDelegation(world.appId, again?.id ?? "", world.now);
    for (const wish of [demo, { grant_id: grant.id }]) expect(await found(as(), wish)).toBe("no_delegated_grant");
  });

  test("with a user's token has that user's, among however many", async () => {
    for (let i = 0; i < 25; i++) {
      const { user } = await world.user(`user ${i}`);
      await world.delegate(await world.account(user.id), agent.id);
    }
    const mine = await world.account(ada.user.id);
    await world.delegate(mine, agent.id);
    expect(await found(as(), demo)).toBe("ambiguous_grant");
    expect(await found(world.asUser(ada, { agent }), demo)).toBe(mine.id);
    expect(await found(world.asUser(eve, { agent }), demo)).toBe("no_delegated_grant");
    expect(await found(world.asUser(eve, { agent }), { grant_id: mine.id })).toBe("no_delegated_grant");
  });

  test("has nothing of a user who does not stand", async () => {
    const grant = await world.account(ada.user.id);
    await world.delegate(grant, agent.id);
    const { store, appId, idp } = world;
    await store.setUserStatus(appId, ada.user.id, "suspended");
    for (const wish of [demo, { grant_id: grant.id }]) expect(await found(as(), wish)).toBe("no_delegated_grant");
    await store.setUserStatus(appId, ada.user.id, "active");
    await store.updateIdp({ ...idp, status: "disabled", updatedAt: 20 }, idp.updatedAt);
    for (const wish of [demo, { grant_id: grant.id }]) expect(await found(as(), wish)).toBe("no_delegated_grant");
  });

  test("has nothing that it was not registered for", async () => {
    const bound = await world.agent({ scopes: { other: [] } });
    const grant = await world.account(ada.user.id);
    await world.delegate(grant, bound.id);
    for (const wish of [demo, { grant_id: grant.id }]) {
      expect(await found(world.asker({ agent: bound }), wish)).toBe("no_delegated_grant");
    }
  });

  test("does not get a grant that changed hands since it was delegated", async () => {
    const grant = await world.account(ada.user.id);
    await world.delegate(grant, agent.id, { userId: eve.user.id });
    for (const wish of [demo, { grant_id: grant.id }]) expect(await found(as(), wish)).toBe("no_delegated_grant");
  });
});
