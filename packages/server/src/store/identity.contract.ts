import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytes, eachWithStoreOfTwo, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { IdpRecord, VaultSessionRecord } from "./identity-records.ts";

/** Identity providers, their users and groups, and the sessions that stand in for users. */
export function identityContract(open: () => Promise<StoreUnderTest>): void {
  describe("identity", () => {
    const given = eachWithStoreOfTwo(open);

    async function idp(over: Partial<IdpRecord> = {}): Promise<IdpRecord> {
      const record: IdpRecord = {
        id: newId(),
        appId: given.appA,
        name: "Staff",
        preset: "generic",
        issuer: "https://id.example.com",
        audiences: ["app"],
        authorizedParties: [],
        algorithms: ["RS256"],
        jwksUrl: "https://id.example.com/jwks",
        claims: { groups: "groups" } as unknown as IdpRecord["claims"],
        clientId: null,
        status: "active",
        webhookKind: null,
        sealedSecrets: randomBytes(60),
        scimTokenHash: null,
        createdAt: 1,
        updatedAt: 1,
        ...over,
      };
      expect(await given.store.insertIdp(record)).toBe(true);
      return record;
    }
    const readable = (record: IdpRecord | null) => ({ ...record, sealedSecrets: bytes(record?.sealedSecrets) });
    const see = (idpId: string, subject: string, over: object = {}, appId = given.appA) =>
      given.store.seeUser(appId, idpId, { newId: newId(), subject, at: 10, signsIn: true, ...over });

    test("an identity provider is an app's own, one for each issuer", async () => {
      const made = await idp();
      await given.reopen();
      expect(readable(await given.store.findIdp(given.appA, made.id))).toEqual(readable(made));
      expect(readable(await given.store.findIdpById(made.id))).toEqual(readable(made));
      expect((await given.store.findIdpByIssuer(given.appA, made.issuer))?.id).toBe(made.id);
      expect(await given.store.insertIdp({ ...made, id: newId() })).toBe(false);
      await idp({ appId: given.appB });
      expect(await given.store.findIdp(given.appB, made.id)).toBeNull();
      expect(await given.store.updateIdp({ ...made, appId: given.appB, name: "x" })).toBeNull();
      expect(await given.store.deleteIdp(given.appB, made.id)).toBeNull();
      const change = {
        name: "All",
        status: "disabled",
        scimTokenHash: "hash",
        webhookKind: "svix",
        updatedAt: 2,
      } as const;
      expect(readable(await given.store.updateIdp({ ...made, ...change }))).toEqual(readable({ ...made, ...change }));
      expect((await given.store.listIdps(given.appA)).map(({ name }) => name)).toEqual(["All"]);
      expect((await given.store.deleteIdp(given.appA, made.id))?.id).toBe(made.id);
      expect(await given.store.listIdps(given.appA)).toEqual([]);
    });

    test("a user is known by its subject, keeps its id, and what is not said stays", async () => {
      const { id: idpId } = await idp();
      expect(await given.store.hasUsers(given.appA, idpId)).toBe(false);
      const first = await see(idpId, "ada", { email: "ada@example.com", name: "Ada" });
      expect(first).toMatchObject({ user: { status: "active", createdAt: 10, lastSeenAt: 10 }, groups: [] });
      const again = await see(idpId, "ada", { email: null, at: 20, signsIn: false });
      expect(again.user).toEqual({ ...first.user, email: null });
      expect((await see(idpId, "ada", { at: 30 })).user.lastSeenAt).toBe(30);
      expect(await given.store.findUserBySubject(given.appA, idpId, "ada")).toEqual(
        await given.store.findUser(given.appA, first.user.id),
      );
      expect(await given.store.findUser(given.appB, first.user.id)).toBeNull();
      expect(await given.store.findUserBySubject(given.appB, idpId, "ada")).toBeNull();
      expect(await given.store.hasUsers(given.appA, idpId)).toBe(true);
      expect(await given.store.hasUsers(given.appB, idpId)).toBe(false);
    });

    test("many sign-ins of one new user at the same moment make one user", async () => {
      const { id: idpId } = await idp();
      const groups = ["b", "a"].map((externalId) => ({ newId: newId(), externalId }));
      const seen = await Promise.all(Array.from({ length: 8 }, () => see(idpId, "ada", { groups })));
      expect(new Set(seen.map(({ user }) => user.id)).size).toBe(1);
      expect(await given.store.listGroups(given.appA, { idpId, after: "", limit: 10 })).toHaveLength(2);
    });

    test("memberships are brought to what is said, and left alone where nothing is", async () => {
      const { id: idpId } = await idp();
      const of = (...names: string[]) => ({ groups: names.map((externalId) => ({ newId: newId(), externalId })) });
      const { user } = await see(idpId, "ada", of("dev", "ops"));
      const names = async () =>
        (await given.store.findUser(given.appA, user.id))?.groups.map(({ externalId }) => externalId).toSorted();
      expect(await names()).toEqual(["dev", "ops"]);
      await see(idpId, "ada", of("ops", "sales"));
      expect(await names()).toEqual(["ops", "sales"]);
      await see(idpId, "ada");
      expect(await names()).toEqual(["ops", "sales"]);
      await see(idpId, "ada", of());
      expect(await names()).toEqual([]);
      await see(idpId, "ada", { groups: [{ newId: newId(), externalId: "ops", name: "Operations" }] });
      expect((await given.store.findGroupByExternalId(given.appA, idpId, "ops"))?.name).toBe("Operations");
    });

    test("a deleted user stays deleted", async () => {
      const { id: idpId } = await idp();
      const { user } = await see(idpId, "ada");
      expect(await given.store.setUserStatus(given.appB, user.id, "deleted")).toBeNull();
      expect((await given.store.setUserStatus(given.appA, user.id, "suspended"))?.user.status).toBe("suspended");
      expect((await given.store.setUserStatus(given.appA, user.id, "deleted"))?.user.status).toBe("deleted");
      expect((await given.store.setUserStatus(given.appA, user.id, "active"))?.user.status).toBe("deleted");
      expect((await see(idpId, "ada")).user.status).toBe("deleted");
    });

    test("users, groups and members are listed page by page, of one app", async () => {
      const { id: idpId } = await idp();
      const { id: other } = await idp({ issuer: "https://other.example.com" });
      const ids: string[] = [];
      for (const subject of ["a", "b", "c"]) ids.push((await see(idpId, subject)).user.id);
      const { user } = await see(other, "d");
      const list = async (page: object, appId = given.appA) =>
        (await given.store.listUsers(appId, { idpId: null, after: "", limit: 10, ...page })).map(
          (found) => found.user.id,
        );
      expect(await list({})).toEqual([...ids, user.id]);
      expect(await list({ idpId, limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await list({ idpId, after: ids[1] })).toEqual(ids.slice(2));
      expect(await list({}, given.appB)).toEqual([]);

      const record = { appId: given.appA, idpId, externalId: "dev", name: "Dev", createdAt: 1 };
      const group = await given.store.putGroup({ ...record, id: newId() });
      expect((await given.store.putGroup({ ...record, id: newId(), name: "Developers" })).id).toBe(group.id);
      expect(await given.store.findGroup(given.appA, group.id)).toEqual({ ...group, name: "Developers" });
      expect(await given.store.findGroup(given.appB, group.id)).toBeNull();
      for (const id of ids) await given.store.setMembership(given.appA, group.id, id, true);
      await given.store.setMembership(given.appA, group.id, ids[0] ?? "", false);
      expect(await given.store.countMembers(given.appA, group.id)).toBe(2);
      expect(await given.store.countMembers(given.appB, group.id)).toBe(0);
      const members = await given.store.listMembers(given.appA, group.id, ids[1] ?? "", 10);
      expect(members.map(({ id }) => id)).toEqual([ids[2]]);
      expect(await given.store.listMembers(given.appB, group.id, "", 10)).toEqual([]);
      expect(await given.store.deleteGroup(given.appB, group.id)).toBeNull();
      expect((await given.store.deleteGroup(given.appA, group.id))?.id).toBe(group.id);
      expect((await given.store.findUser(given.appA, ids[2] ?? ""))?.groups).toEqual([]);
    });

    test("a session is found by its token, revoked once by its app, and forgotten after its end", async () => {
      const session: VaultSessionRecord = {
        id: newId(),
        appId: given.appA,
        tokenHash: `hash ${newId()}`,
        userId: newId(),
        agentId: null,
        scopes: ["proxy:execute"],
        providers: ["demo"],
        grants: null,
        parentId: null,
        createdAt: 1,
        expiresAt: 100,
        revokedAt: null,
      };
      await given.store.insertVaultSession(session);
      await given.reopen();
      expect(await given.store.findVaultSession(session.tokenHash)).toEqual(session);
      expect(await given.store.findVaultSession("another")).toBeNull();
      expect(await given.store.findVaultSessionById(given.appB, session.id)).toBeNull();
      expect(await given.store.revokeVaultSession(given.appB, session.id, 5)).toBeNull();
      expect((await given.store.revokeVaultSession(given.appA, session.id, 6))?.revokedAt).toBe(6);
      expect((await given.store.revokeVaultSession(given.appA, session.id, 7))?.revokedAt).toBe(6);
      expect(await given.store.forgetVaultSessions(100, 10)).toBe(0);
      expect(await given.store.forgetVaultSessions(101, 10)).toBe(1);
      expect(await given.store.findVaultSessionById(given.appA, session.id)).toBeNull();
    });
  });
}
