import { beforeEach, expect, test } from "vitest";
import { newId } from "../store/contract.test-support.ts";
import { openIdentityWorld, type IdentityWorld } from "./identity.test-support.ts";
import { offboardUser, removeIdp } from "./offboard-user.ts";

let world: IdentityWorld;
let ended: string[];
let deps: Parameters<typeof offboardUser>[0];

beforeEach(async () => {
  world = await openIdentityWorld();
  ended = [];
  const { store } = world;
  const oauth = {
    async end(appId: string, id: string, status: "revoked" | "deleted") {
      ended.push(id);
      const grant = await store.endOAuthGrant(appId, id, status, world.now);
      return grant && { grant, revocation: { result: "done", detail: null, manualUrl: null } as const };
    },
  };
  deps = { store, oauth, clock: { now: () => world.now, monotonic: () => 0 } };
});

const statusOf = async (id: string) => (await world.store.findGrant(world.appId, id))?.grant.status;

test("everything that is a user's ends, and nothing of anybody else", async () => {
  const [ada, eve, agent] = [await world.user("ada"), await world.user("eve"), await world.agent()];
  const accounts = [];
  for (let i = 0; i < 60; i++) accounts.push(await world.account(ada.user.id));
  const theirs = await world.account(eve.user.id);
  const apps = await world.account(null);
  const secret = { ...accounts[0]!, id: newId(), secretId: newId(), account: null };
  await world.store.insertGrant(secret);
  const delegation = await world.delegate(accounts[0]!, agent.id);
  expect((await offboardUser(deps, world.appId, ada.user.id))?.user.status).toBe("deleted");
  expect(ended.toSorted()).toEqual(accounts.map(({ id }) => id));
  expect(await statusOf(secret.id)).toBe("deleted");
  expect([await statusOf(theirs.id), await statusOf(apps.id)]).toEqual(["active", "active"]);
  expect((await world.store.findDelegation(world.appId, delegation.id))?.revokedAt).toBe(world.now);
  expect(await offboardUser(deps, newId(), eve.user.id)).toBeNull();
});

test("asking again finishes what was cut short; the user is shut out from the first moment on", async () => {
  const ada = await world.user("ada");
  const grant = await world.account(ada.user.id);
  const { end } = deps.oauth;
  const broken = { ...deps, oauth: { end: () => Promise.reject(new Error("cut short")) } };
  await expect(offboardUser(broken, world.appId, ada.user.id)).rejects.toThrow("cut short");
  expect((await world.store.findUser(world.appId, ada.user.id))?.user.status).toBe("deleted");
  expect(await statusOf(grant.id)).toBe("active");
  await offboardUser({ ...deps, oauth: { end } }, world.appId, ada.user.id);
  expect(await statusOf(grant.id)).toBe("deleted");
});

test("with an identity provider all of its users end", async () => {
  const grants = [];
  for (let i = 0; i < 3; i++) grants.push(await world.account((await world.user(`user ${i}`)).user.id));
  expect(await removeIdp(deps, world.appId, world.idp.id)).toBe(true);
  expect(await Promise.all(grants.map(({ id }) => statusOf(id)))).toEqual(["deleted", "deleted", "deleted"]);
  expect(await world.store.findIdp(world.appId, world.idp.id)).toBeNull();
  expect(await removeIdp(deps, world.appId, world.idp.id)).toBe(false);
});
