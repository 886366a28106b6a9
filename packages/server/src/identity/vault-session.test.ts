import { beforeEach, expect, test } from "vitest";
import { VaultSessionCreate } from "@alter-vault/protocol";
import { newId } from "../store/contract.test-support.ts";
import type { UserWithGroups } from "../store/identity-records.ts";
import type { Asker } from "./asker.ts";
import { openIdentityWorld, random, type IdentityWorld } from "./identity.test-support.ts";
import { tokenHash } from "./token-hash.ts";
import { createSession, findSession, isVaultSession, isWithin } from "./vault-session.ts";

let world: IdentityWorld;
let ada: UserWithGroups;

beforeEach(async () => {
  world = await openIdentityWorld();
  ada = await world.user("ada");
});

const make = async (asker: Asker, wish: VaultSessionCreate = {}) =>
  createSession({ store: world.store, random, newId, now: () => world.now }, asker, VaultSessionCreate.parse(wish));
async function made(asker: Asker, wish: VaultSessionCreate = {}) {
  const session = await make(asker, wish);
  if (!session.ok) throw new Error(session.detail);
  return session.session;
}
const find = (token: string) => findSession(world.store, world.appId, token, world.now);
/** Whoever comes with this session. */
async function within(token: string, over: Partial<Asker> = {}): Promise<Asker> {
  const found = await find(token);
  if (!found.ok) throw new Error(found.detail);
  const asker = world.asUser(found.found, { session: found.session, scopes: found.session.scopes, ...over });
  return { ...asker, user: asker.user && { ...asker.user, expiresAt: found.session.expiresAt } };
}

test("a session stands in for its user, and only its hash is kept", async () => {
  const session = await made(world.asUser(ada));
  expect(isVaultSession(session.session_token)).toBe(true);
  expect(session).toMatchObject({ user_id: ada.user.id, agent_id: null, expires_in: 900, providers: null });
  expect(await find(session.session_token)).toMatchObject({ ok: true, found: { user: { id: ada.user.id } } });
  expect((await world.store.findVaultSession(tokenHash(session.session_token)))?.id).toBe(session.session_id);
  expect(await findSession(world.store, newId(), session.session_token, world.now)).toMatchObject({
    code: "session_invalid",
  });
  expect(await find(`${session.session_token}x`)).toMatchObject({ code: "session_invalid" });
});

test("without a user there is nobody to stand in for", async () => {
  expect(await make(world.asker())).toMatchObject({ ok: false, code: "user_token_missing" });
});

test("it ends when its time is over, and never later than what it was made from", async () => {
  const long = world.asUser(ada);
  const short = { ...long, user: long.user && { ...long.user, expiresAt: world.now + 60_000 } };
  expect((await made(short, { expires_in_seconds: 600 })).expires_in).toBe(60);
  const over = { ...long, user: long.user && { ...long.user, expiresAt: world.now } };
  expect(await make(over)).toMatchObject({ ok: false, code: "user_token_expired" });
  const session = await made(long, { expires_in_seconds: 100 });
  world.now += 99_999;
  expect((await find(session.session_token)).ok).toBe(true);
  world.now += 1;
  expect(await find(session.session_token)).toMatchObject({ code: "session_invalid" });
});

test.each<[string, VaultSessionCreate]>([
  ["scopes", { scopes: ["audit:read"] }],
  ["providers", { providers: ["github", "slack"] }],
  ["grants", { grants: ["01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"] }],
  ["an agent", { agent_id: "01890000-0000-7000-8000-000000000009" }],
])("a child does not get more %s than its parent", async (_name, wish) => {
  const agent = await world.agent();
  const parent = await made(world.asUser(ada, { agent }), {
    scopes: ["proxy:execute"],
    providers: ["github"],
    grants: ["01890000-0000-7000-8000-000000000001"],
  });
  const asker = await within(parent.session_token, { agent });
  expect(await make(asker, wish)).toMatchObject({ ok: false, code: "session_too_wide" });
});

test("a child that asks for nothing has what its parent has, for as long", async () => {
  const parent = await made(world.asUser(ada), {
    scopes: ["proxy:execute"],
    providers: ["github"],
    expires_in_seconds: 300,
  });
  const child = await made(await within(parent.session_token), { expires_in_seconds: 86_400 });
  expect(child).toMatchObject({ scopes: ["proxy:execute"], providers: ["github"], expires_in: 300 });
  expect(await make(await within(child.session_token), { providers: ["slack"] })).toMatchObject({
    code: "session_too_wide",
  });
});

test("what an agent makes is bound to it, and an agent must be one of the app", async () => {
  const agent = await world.agent();
  const session = await made(world.asUser(ada, { agent }));
  expect(session.agent_id).toBe(agent.id);
  expect((await made(await within(session.session_token))).agent_id).toBe(agent.id);
  expect(await make(world.asUser(ada), { agent_id: newId() })).toMatchObject({ code: "agent_not_found" });
  await world.store.revokeAgent(world.appId, agent.id, world.now);
  expect(await make(world.asUser(ada), { agent_id: agent.id })).toMatchObject({ code: "agent_not_found" });
});

test("it ends with its parent, and with a parent that is not there", async () => {
  const parent = await made(world.asUser(ada));
  const child = await made(await within(parent.session_token));
  const grandchild = await made(await within(child.session_token));
  await world.store.revokeVaultSession(world.appId, parent.session_id, world.now);
  expect(await find(grandchild.session_token)).toMatchObject({ code: "session_invalid" });
  const orphan = {
    ...(await world.store.findVaultSession(tokenHash(child.session_token)))!,
    id: newId(),
    tokenHash: tokenHash("orphan"),
    parentId: newId(),
  };
  await world.store.insertVaultSession(orphan);
  expect(await find("orphan")).toMatchObject({ code: "session_invalid" });
});

test("sessions go eight deep", async () => {
  let asker = world.asUser(ada);
  for (let depth = 0; depth < 8; depth++) asker = await within((await made(asker)).session_token);
  expect(await make(asker)).toMatchObject({ ok: false, code: "session_too_wide" });
});

test("its user must still be let in, by an identity provider that is still trusted", async () => {
  const { session_token: token } = await made(world.asUser(ada));
  const { store, appId, idp } = world;
  await store.setUserStatus(appId, ada.user.id, "suspended");
  expect(await find(token)).toMatchObject({ ok: false, code: "user_inactive", userId: ada.user.id });
  await store.setUserStatus(appId, ada.user.id, "active");
  await store.updateIdp({ ...idp, status: "disabled", updatedAt: 20 }, idp.updatedAt);
  expect(await find(token)).toMatchObject({ ok: false, code: "user_inactive" });
  await store.deleteIdp(appId, idp.id);
  expect(await find(token)).toMatchObject({ ok: false, code: "user_inactive" });
});

test("a session is within itself and those it was made from", async () => {
  const parent = await made(world.asUser(ada));
  const child = await made(await within(parent.session_token));
  const record = (await within(child.session_token)).session!;
  expect(await isWithin(world.store, record, parent.session_id)).toBe(true);
  expect(await isWithin(world.store, record, child.session_id)).toBe(true);
  expect(await isWithin(world.store, (await within(parent.session_token)).session!, child.session_id)).toBe(false);
});
