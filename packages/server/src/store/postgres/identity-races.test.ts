import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { idpRecord, newId } from "../contract.test-support.ts";
import type { SeenUser } from "../identity-records.ts";
import type { Store } from "../store.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { openPostgresStore } from "./postgres-store.ts";

/** What identity providers say at the same moment, to different replicas. */
const ROUNDS = 25;
const appId = newId();
const idp = idpRecord(appId);
let database: TestDatabase;
let one: Store;
let other: Store;
beforeAll(async () => {
  database = await createTestDatabase();
  [one, other] = [await openPostgresStore({ url: database.url }), await openPostgresStore({ url: database.url })];
});
afterAll(async () => {
  for (const store of [one, other]) await store.close();
  await database.drop();
});
beforeEach(async () => {
  await database.empty();
  await one.insertApp({ id: appId, name: "app", createdAt: 1 });
  await one.insertIdp(idp);
});

const seen = (subject: string, over: Partial<SeenUser> = {}): SeenUser => ({
  newId: newId(),
  subject,
  source: "token",
  at: 1_000,
  saidAt: 1_000,
  ...over,
});
const groups = (...names: string[]) => names.map((externalId) => ({ newId: newId(), externalId }));
const see = (store: Store, subject: string, over?: Partial<SeenUser>) =>
  store.seeUser(appId, idp.id, seen(subject, over));

test("a subject that is new to two replicas becomes one user, with what both said", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `subject ${round}`;
    const [token, directory] = await Promise.all([
      see(one, subject, { groups: groups("a", "b") }),
      see(other, subject, { source: "directory", active: false, groups: groups("c", "b") }),
    ]);
    expect(token?.user.id).toBe(directory?.user.id);
    const found = await one.findUserBySubject(appId, idp.id, subject);
    expect(found?.user.status).toBe("suspended");
    expect(found?.groups.map(({ externalId }) => externalId).toSorted()).toEqual(["a", "b", "c"]);
  }
});

test("a user name that two take at the same moment is given to one, whether they are new or not", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const subjects = [`known ${round}`, `new ${round}`] as const;
    if (round % 3 !== 0) await see(one, subjects[0]);
    if (round % 3 === 2) await see(one, subjects[1]);
    const both = await Promise.all([
      see(one, subjects[0], { userName: `Name${round}` }),
      see(other, subjects[1], { userName: `nAME${round}` }),
    ]);
    const winners = both.filter((found) => found !== null);
    expect(winners).toHaveLength(1);
    expect((await one.findUserByName(appId, idp.id, `NAME${round}`))?.user.id).toBe(winners[0]?.user.id);
  }
});

test("whoever is deleted or taken out while they sign in is in no group afterwards", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [gone, out] = [await see(one, `gone ${round}`), await see(one, `out ${round}`, { groups: groups("staff") })];
    const staff = out?.groups[0]?.id ?? "";
    await Promise.all([
      see(one, `gone ${round}`, { groups: groups("staff"), userName: `gone ${round}` }),
      other.setUserStatus(appId, gone?.user.id ?? "", "deleted"),
      see(one, `out ${round}`, { saidAt: 1_500, groups: groups("staff") }),
      other.setMembership(appId, staff, out?.user.id ?? "", false, 2_000),
    ]);
    const deleted = await one.findUser(appId, gone?.user.id ?? "");
    expect(deleted).toMatchObject({ user: { status: "deleted", userName: null }, groups: [] });
    expect((await one.findUser(appId, out?.user.id ?? ""))?.groups).toEqual([]);
  }
});

test("of two who change an identity provider at the same moment, one is told to look again", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const before = 10 + round;
    const change = (store: Store, name: string) => store.updateIdp({ ...idp, name, updatedAt: before + 1 }, before);
    const both = await Promise.all([change(one, "one"), change(other, "other")]);
    const winners = both.filter((found) => found !== null);
    expect(winners).toHaveLength(1);
    expect((await one.findIdp(appId, idp.id))?.name).toBe(winners[0]?.name);
  }
});
