import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, idpRecord, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { GroupRecord, SeenUser, UserWithGroups, VaultSessionRecord } from "./identity-records.ts";

/** Identity providers, users, groups and vault sessions, as every store must keep them. */
export function identityContract(open: () => Promise<StoreUnderTest>): void {
  describe("identity", () => {
    const given = eachWithStoreOfTwo(open);
    const seen = (over: Partial<SeenUser> = {}): SeenUser => ({
      newId: newId(),
      subject: "ada",
      source: "token",
      at: 1_000,
      saidAt: 1_000,
      ...over,
    });
    const groups = (...names: string[]) => names.map((externalId) => ({ newId: newId(), externalId }));
    const names = (user: UserWithGroups | null): string[] => (user?.groups ?? []).map(({ externalId }) => externalId);
    const idpOf = async (appId = given.appA, issuer = "https://issuer.example"): Promise<string> => {
      const idp = idpRecord(appId, { issuer });
      expect(await given.store.insertIdp(idp)).toBe(true);
      return idp.id;
    };

    async function see(idpId: string, over: Partial<SeenUser> = {}): Promise<UserWithGroups> {
      const found = await given.store.seeUser(given.appA, idpId, seen(over));
      if (!found) throw new Error("the user name is taken");
      return found;
    }

    describe("identity providers", () => {
      test("come back as they were stored, also after a restart; an app has one of each issuer", async () => {
        const idp = idpRecord(given.appA, { authorizedParties: ["web"], clientId: "web", webhookKind: "svix" });
        await given.store.insertIdp(idp);
        await given.reopen();
        const found = await given.store.findIdpByIssuer(given.appA, idp.issuer);
        expect({ ...found, sealedSecrets: Buffer.from(found?.sealedSecrets ?? []) }).toEqual(idp);
        expect(await given.store.insertIdp(idpRecord(given.appA))).toBe(false);
        expect(await given.store.insertIdp(idpRecord(given.appB))).toBe(true);
        expect(await given.store.listIdps(given.appA)).toHaveLength(1);
      });

      test("another app's do not exist, but by their id alone they are found", async () => {
        const id = await idpOf();
        expect(await given.store.findIdp(given.appB, id)).toBeNull();
        expect(await given.store.findIdpByIssuer(given.appB, "https://issuer.example")).toBeNull();
        expect(await given.store.deleteIdp(given.appB, id)).toBeNull();
        expect((await given.store.findIdpById(id))?.appId).toBe(given.appA);
      });

      test("are changed only by whoever saw the newest state", async () => {
        const idp = idpRecord(given.appA);
        await given.store.insertIdp(idp);
        const changed = { ...idp, status: "disabled" as const, updatedAt: 20 };
        expect(await given.store.updateIdp(changed, idp.updatedAt)).toMatchObject({
          status: "disabled",
          updatedAt: 20,
        });
        expect(await given.store.updateIdp({ ...idp, updatedAt: 21 }, idp.updatedAt)).toBeNull();
        expect(await given.store.updateIdp({ ...changed, appId: given.appB, updatedAt: 22 }, 20)).toBeNull();
        expect((await given.store.findIdp(given.appA, idp.id))?.status).toBe("disabled");
      });

      test("a notice is worked through once, until it is forgotten", async () => {
        const { store, appA, appB } = given;
        const id = await idpOf();
        expect(await store.hasNotice(appA, id, "one")).toBe(false);
        await store.putNotice(appA, id, "one", 1_000);
        await store.putNotice(appA, id, "one", 2_000);
        expect(await store.hasNotice(appA, id, "one")).toBe(true);
        expect(await store.hasNotice(appB, id, "one")).toBe(false);
        expect(await store.hasNotice(appA, newId(), "one")).toBe(false);
        expect(await store.forgetNotices(1_000, 10)).toBe(0);
        expect(await store.forgetNotices(1_001, 10)).toBe(1);
        expect(await store.hasNotice(appA, id, "one")).toBe(false);
      });

      test("take their groups along", async () => {
        const id = await idpOf();
        const other = await idpOf(given.appA, "https://other.example");
        const { user } = await see(id, { groups: groups("staff") });
        const stays = await see(other, { groups: groups("staff") });
        await given.store.deleteIdp(given.appA, id);
        expect(names(await given.store.findUser(given.appA, user.id))).toEqual([]);
        expect(names(await given.store.findUser(given.appA, stays.user.id))).toEqual(["staff"]);
      });
    });

    describe("users", () => {
      test("the same subject of two issuers is two users, and of two apps", async () => {
        const [one, two] = [await idpOf(), await idpOf(given.appA, "https://other.example")];
        expect(await given.store.hasUsers(given.appA, one)).toBe(false);
        const first = await see(one);
        const second = await see(two);
        expect(first.user.id).not.toBe(second.user.id);
        expect(await given.store.hasUsers(given.appA, one)).toBe(true);
        expect(await given.store.findUser(given.appB, first.user.id)).toBeNull();
        expect(await given.store.setUserStatus(given.appB, first.user.id, "deleted")).toBeNull();
        expect((await given.store.findUserBySubject(given.appA, two, "ada"))?.user.id).toBe(second.user.id);
      });

      test("many sign-ins of one new user at the same moment make one user", async () => {
        const idp = await idpOf();
        const all = Array.from({ length: 8 }, (_, i) => see(idp, { groups: groups("b", "a"), saidAt: 1_000 + i }));
        expect(new Set((await Promise.all(all)).map(({ user }) => user.id)).size).toBe(1);
        expect(await given.store.listGroups(given.appA, { idpId: idp, after: "", limit: 10 })).toHaveLength(2);
      });

      test("seen again keep their id; what is not said stays", async () => {
        const idp = await idpOf();
        const first = await see(idp, { email: "ada@example.com", name: "Ada", groups: groups("a") });
        const again = await see(idp, { saidAt: 2_000, at: 2_000, name: null });
        expect(again.user).toMatchObject({
          id: first.user.id,
          email: "ada@example.com",
          name: null,
          lastSeenAt: 2_000,
        });
        expect(names(again)).toEqual(["a"]);
      });

      test("an older token changes nothing but that somebody was there", async () => {
        const idp = await idpOf();
        await see(idp, { saidAt: 2_000, name: "New", groups: groups("a") });
        const stale = await see(idp, { saidAt: 1_000, at: 3_000, name: "Old", groups: groups("a", "b") });
        expect(stale.user).toMatchObject({ name: "New", lastSeenAt: 3_000 });
        expect(names(stale)).toEqual(["a"]);
      });

      test("memberships of tokens and of the directory do not take each other away", async () => {
        const idp = await idpOf();
        await see(idp, { saidAt: 1, source: "directory", groups: groups("by-directory") });
        const both = await see(idp, { saidAt: 2, groups: groups("by-token") });
        expect(names(both).toSorted()).toEqual(["by-directory", "by-token"]);
        expect(names(await see(idp, { saidAt: 3, groups: [] }))).toEqual(["by-directory"]);
      });

      test("suspended by one, they are not brought back by the other", async () => {
        const idp = await idpOf();
        const { user } = await see(idp);
        expect((await see(idp, { source: "directory", active: false })).user).toMatchObject({
          status: "suspended",
          activeInDirectory: false,
        });
        expect((await given.store.setUserStatus(given.appA, user.id, "active"))?.user.status).toBe("suspended");
        await given.store.setUserStatus(given.appA, user.id, "suspended");
        expect((await see(idp, { source: "directory", active: true })).user.status).toBe("suspended");
        expect((await given.store.setUserStatus(given.appA, user.id, "active"))?.user.status).toBe("active");
      });

      test("a notice that comes late may shut out, but not let in", async () => {
        const idp = await idpOf();
        await see(idp, { saidAt: 5_000 });
        expect((await see(idp, { saidAt: 4_000, source: "directory", active: false })).user.status).toBe("suspended");
        expect((await see(idp, { saidAt: 4_500, source: "directory", active: true })).user.status).toBe("suspended");
        expect((await see(idp, { saidAt: 5_500, source: "directory", active: true })).user.status).toBe("active");
      });

      test("deleted is for good, and the name is free again", async () => {
        const idp = await idpOf();
        const { user } = await see(idp, { userName: "Ada@example.com", groups: groups("a") });
        await given.store.setUserStatus(given.appA, user.id, "deleted");
        expect((await given.store.setUserStatus(given.appA, user.id, "active"))?.user.status).toBe("deleted");
        const again = await see(idp, { saidAt: 9_000, name: "Back", groups: groups("a"), userName: "ada@example.com" });
        expect(again).toMatchObject({ user: { id: user.id, status: "deleted", userName: null }, groups: [] });
        const other = await see(idp, { subject: "other", userName: "ada@EXAMPLE.com" });
        expect(other.user.userName).toBe("ada@EXAMPLE.com");
      });

      test("user names are one user's, whatever their case, within their issuer", async () => {
        const [one, two] = [await idpOf(), await idpOf(given.appA, "https://other.example")];
        const { user } = await see(one, { userName: "Ada" });
        expect(await given.store.seeUser(given.appA, one, seen({ subject: "eve", userName: "aDA" }))).toBeNull();
        expect(await given.store.findUserBySubject(given.appA, one, "eve")).toBeNull();
        await see(two, { userName: "ada" });
        expect((await given.store.findUserByName(given.appA, one, "ADA"))?.user.id).toBe(user.id);
        expect(await given.store.findUserByName(given.appB, one, "ada")).toBeNull();
      });

      test("lists: by page, by place, by issuer, without the deleted", async () => {
        const [one, two] = [await idpOf(), await idpOf(given.appA, "https://other.example")];
        const ids: string[] = [];
        for (let i = 0; i < 5; i++) ids.push((await see(one, { subject: `user ${i}` })).user.id);
        await see(two);
        const list = async (page: { after?: string; skip?: number; limit?: number; livingOnly?: boolean }) =>
          (await given.store.listUsers(given.appA, { idpId: one, after: "", limit: 10, ...page })).map(
            ({ user }) => user.id,
          );
        expect(await list({})).toEqual(ids);
        expect(await list({ after: ids[1] ?? "", limit: 2 })).toEqual(ids.slice(2, 4));
        expect(await list({ skip: 3 })).toEqual(ids.slice(3));
        await given.store.setUserStatus(given.appA, ids[0] ?? "", "deleted");
        expect(await list({ livingOnly: true })).toEqual(ids.slice(1));
        expect(await given.store.countUsers(given.appA, one)).toBe(4);
        expect(await given.store.listUsers(given.appA, { idpId: null, after: "", limit: 10 })).toHaveLength(6);
        expect(await given.store.listUsers(given.appB, { idpId: null, after: "", limit: 10 })).toEqual([]);
      });
    });

    describe("groups", () => {
      const groupOf = (idpId: string, over: Partial<GroupRecord> = {}): GroupRecord => ({
        id: newId(),
        appId: given.appA,
        idpId,
        externalId: "staff",
        name: "Staff",
        createdAt: 1,
        ...over,
      });

      test("are known by what their issuer calls them, and keep their id under a new name", async () => {
        const idp = await idpOf();
        const group = await given.store.putGroup(groupOf(idp));
        expect(await given.store.putGroup(groupOf(idp, { name: "Everybody" }))).toEqual({
          ...group,
          name: "Everybody",
        });
        expect((await given.store.findGroupByName(given.appA, idp, "Everybody"))?.id).toBe(group.id);
        expect(await given.store.findGroupByName(given.appB, idp, "Everybody")).toBeNull();
        expect(await given.store.findGroup(given.appB, group.id)).toBeNull();
        expect(await given.store.countGroups(given.appA, idp)).toBe(1);
        expect(await given.store.listGroups(given.appA, { idpId: idp, after: "", limit: 5 })).toHaveLength(1);
      });

      test("whoever the directory takes out stays out, whatever older tokens say", async () => {
        const idp = await idpOf();
        const { user, groups: of } = await see(idp, { groups: groups("staff") });
        const groupId = of[0]?.id ?? "";
        await given.store.setMembership(given.appA, groupId, user.id, true, 1_500);
        expect(await given.store.countMembers(given.appA, groupId)).toBe(1);
        await given.store.setMembership(given.appA, groupId, user.id, false, 2_000);
        expect(await given.store.listMembers(given.appA, groupId, "", 10)).toEqual([]);
        expect(names(await see(idp, { saidAt: 1_900, at: 2_100, groups: groups("staff") }))).toEqual([]);
        expect(names(await see(idp, { saidAt: 2_500, at: 2_500, groups: groups("staff") }))).toEqual(["staff"]);
      });

      test("deleted, nobody is in them any more", async () => {
        const idp = await idpOf();
        const { user, groups: of } = await see(idp, { groups: groups("staff") });
        const groupId = of[0]?.id ?? "";
        expect((await given.store.listMembers(given.appA, groupId, "", 10)).map(({ id }) => id)).toEqual([user.id]);
        expect(await given.store.deleteGroup(given.appB, groupId)).toBeNull();
        expect((await given.store.deleteGroup(given.appA, groupId))?.id).toBe(groupId);
        expect(names(await given.store.findUser(given.appA, user.id))).toEqual([]);
        expect(await given.store.deleteGroup(given.appA, groupId)).toBeNull();
      });
    });

    describe("vault sessions", () => {
      const session = (over: Partial<VaultSessionRecord> = {}): VaultSessionRecord => ({
        id: newId(),
        appId: given.appA,
        tokenHash: `hash ${newId()}`,
        userId: newId(),
        agentId: null,
        scopes: ["proxy:execute"],
        providers: ["github"],
        grants: null,
        parentId: null,
        createdAt: 1,
        expiresAt: 1_000,
        revokedAt: null,
        ...over,
      });

      test("are found by the hash of their token, and revoked only by their app, once", async () => {
        const one = session({ agentId: newId(), grants: [newId()], parentId: newId() });
        await given.store.insertVaultSession(one);
        await given.reopen();
        expect(await given.store.findVaultSession(one.tokenHash)).toEqual(one);
        expect(await given.store.findVaultSession("other")).toBeNull();
        expect(await given.store.findVaultSessionById(given.appB, one.id)).toBeNull();
        expect(await given.store.revokeVaultSession(given.appB, one.id, 5)).toBeNull();
        expect((await given.store.revokeVaultSession(given.appA, one.id, 6))?.revokedAt).toBe(6);
        expect((await given.store.revokeVaultSession(given.appA, one.id, 7))?.revokedAt).toBe(6);
      });

      test("that ended are forgotten", async () => {
        const [old, young] = [session(), session({ expiresAt: 5_000 })];
        for (const one of [old, young]) await given.store.insertVaultSession(one);
        expect(await given.store.forgetVaultSessions(2_000, 10)).toBe(1);
        expect(await given.store.findVaultSession(old.tokenHash)).toBeNull();
        expect(await given.store.findVaultSession(young.tokenHash)).not.toBeNull();
      });
    });
  });
}
