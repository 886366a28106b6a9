import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AgentRecord, DelegationRecord } from "./agent-records.ts";
import {
  eachWithStoreOfTwo,
  idpRecord,
  newId,
  oauthCredential,
  oauthGrant,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import type { GrantRecord } from "./grant-records.ts";

/** Agents and what was delegated to them, as every store must keep them. */
export function agentContract(open: () => Promise<StoreUnderTest>): void {
  describe("agents", () => {
    const given = eachWithStoreOfTwo(open);
    const agentOf = (over: Partial<AgentRecord> = {}): AgentRecord => ({
      id: newId(),
      appId: given.appA,
      name: "scheduler",
      displayName: null,
      type: "agent",
      status: "active",
      scopes: { google: ["calendar"] },
      metadata: { team: "one" },
      idempotencyKey: null,
      bodyHash: null,
      createdAt: 1,
      updatedAt: 1,
      ...over,
    });
    const delegationOf = (grant: GrantRecord, agentId: string, over: Partial<DelegationRecord> = {}) => ({
      id: newId(),
      appId: given.appA,
      agentId,
      grantId: grant.id,
      provider: grant.provider,
      userId: grant.principalId ?? "",
      createdAt: 10,
      expiresAt: null,
      revokedAt: null,
      ...over,
    });

    async function userWithGrant(over: Partial<GrantRecord> = {}): Promise<GrantRecord> {
      const idp = idpRecord(given.appA, { issuer: `https://issuer.example/${newId()}` });
      await given.store.insertIdp(idp);
      const seen = { newId: newId(), subject: "ada", source: "token", at: 1, saidAt: 1 } as const;
      const found = await given.store.seeUser(given.appA, idp.id, seen);
      const id = found?.user.id ?? "";
      const account = { id, identifier: `${id}@example.com`, name: null };
      const grant = oauthGrant(given.appA, { principalType: "user", principalId: id, account, ...over });
      expect(await given.store.insertOAuthGrant(grant, oauthCredential(grant))).toBe(true);
      return grant;
    }

    describe("agents", () => {
      test("come back as they were stored; a name is a living agent's", async () => {
        const agent = agentOf({ idempotencyKey: "once", bodyHash: "hash", displayName: "Scheduler" });
        expect(await given.store.insertAgent(agent)).toBe(true);
        await given.reopen();
        expect(await given.store.findAgent(given.appA, agent.id)).toEqual(agent);
        expect(await given.store.findAgentByName(given.appA, "scheduler")).toEqual(agent);
        expect(await given.store.findAgentByIdempotencyKey(given.appA, "once")).toEqual(agent);
        expect(await given.store.insertAgent(agentOf())).toBe(false);
        expect(await given.store.insertAgent(agentOf({ name: "other", idempotencyKey: "once" }))).toBe(false);
        await given.store.revokeAgent(given.appA, agent.id, 5);
        expect(await given.store.findAgentByName(given.appA, "scheduler")).toBeNull();
        expect(await given.store.insertAgent(agentOf())).toBe(true);
      });

      test("another app's do not exist", async () => {
        const agent = agentOf({ idempotencyKey: "once" });
        await given.store.insertAgent(agent);
        const { store, appB } = given;
        expect(await store.findAgent(appB, agent.id)).toBeNull();
        expect(await store.findAgentByName(appB, agent.name)).toBeNull();
        expect(await store.findAgentByIdempotencyKey(appB, "once")).toBeNull();
        expect(await store.listAgents(appB)).toEqual([]);
        expect(await store.updateAgent(appB, agent.id, { status: "paused" }, 2)).toBeNull();
        expect(await store.revokeAgent(appB, agent.id, 2)).toBeNull();
      });

      test("change what is said, and nothing once they are revoked", async () => {
        const agent = agentOf({ displayName: "One" });
        await given.store.insertAgent(agent);
        const changed = await given.store.updateAgent(given.appA, agent.id, { status: "paused", metadata: {} }, 9);
        expect(changed).toEqual({ ...agent, status: "paused", metadata: {}, updatedAt: 9 });
        expect(await given.store.updateAgent(given.appA, agent.id, { displayName: null }, 10)).toMatchObject({
          displayName: null,
        });
        await given.store.revokeAgent(given.appA, agent.id, 11);
        expect((await given.store.updateAgent(given.appA, agent.id, { status: "active" }, 12))?.status).toBe("revoked");
      });

      test("revoked, they take keys and delegations along, and nobody else's", async () => {
        const [one, two] = [agentOf(), agentOf({ name: "other" })];
        for (const agent of [one, two]) {
          await given.store.insertAgent(agent);
          await given.store.insertApiKey({
            id: `key-of-${agent.name}`,
            appId: given.appA,
            name: agent.name,
            scopes: ["proxy:execute"],
            sealedSigningKey: randomBytes(60),
            agentId: agent.id,
            cidrs: ["10.0.0.0/8"],
            requestsPerMinute: 5,
            createdAt: 1,
            expiresAt: null,
            deprecatedAt: null,
            revokedAt: null,
          });
        }
        const grant = await userWithGrant();
        const ended = await given.store.putDelegation(delegationOf(grant, one.id));
        const stays = await given.store.putDelegation(delegationOf(grant, two.id));
        await given.store.revokeAgent(given.appA, one.id, 20);
        expect(await given.store.findApiKey("key-of-scheduler")).toMatchObject({ agentId: one.id, revokedAt: 20 });
        expect(await given.store.findApiKey("key-of-other")).toMatchObject({ revokedAt: null, cidrs: ["10.0.0.0/8"] });
        expect((await given.store.findDelegation(given.appA, ended.id))?.revokedAt).toBe(20);
        expect((await given.store.findDelegation(given.appA, stays.id))?.revokedAt).toBeNull();
      });
    });

    describe("delegations", () => {
      const provider = { provider: "demo" };
      const lent = async (agentId: string, more: { userId?: string; account?: string; now?: number } = {}) => {
        const { userId, account, now = 50 } = more;
        const by = { agentId, ...(userId === undefined ? {} : { userId }) };
        const found = await given.store.findDelegatedGrants(given.appA, { ...provider, account }, by, now, 2);
        return found.map(({ grant }) => grant.id);
      };

      test("a new one of the same grant takes the place of the old one", async () => {
        const grant = await userWithGrant();
        const agentId = newId();
        const first = await given.store.putDelegation(delegationOf(grant, agentId));
        const second = await given.store.putDelegation(delegationOf(grant, agentId, { createdAt: 30 }));
        expect((await given.store.findDelegationOf(given.appA, agentId, grant.id))?.id).toBe(second.id);
        expect((await given.store.findDelegation(given.appA, first.id))?.revokedAt).toBe(30);
        expect(await given.store.listDelegations(given.appA, { agentId })).toHaveLength(2);
        const together = Array.from({ length: 5 }, () => given.store.putDelegation(delegationOf(grant, agentId)));
        await Promise.all(together);
        const all = await given.store.listDelegations(given.appA, { agentId });
        expect(all.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
        expect(await given.store.listDelegations(given.appA, { grantId: grant.id, userId: newId() })).toEqual([]);
      });

      test("another app's do not exist", async () => {
        const grant = await userWithGrant();
        const agentId = newId();
        const { id } = await given.store.putDelegation(delegationOf(grant, agentId));
        const { store, appB } = given;
        expect(await store.findDelegation(appB, id)).toBeNull();
        expect(await store.findDelegationOf(appB, agentId, grant.id)).toBeNull();
        expect(await store.listDelegations(appB, {})).toEqual([]);
        expect(await store.revokeDelegation(appB, id, 1)).toBeNull();
        await store.revokeDelegationsOfUser(appB, grant.principalId ?? "", 1);
        expect(await store.findDelegatedGrants(appB, provider, { agentId }, 50, 2)).toEqual([]);
        expect((await store.findDelegation(given.appA, id))?.revokedAt).toBeNull();
      });

      test("lend a grant until they end, one by one or with their user", async () => {
        const grant = await userWithGrant();
        const agentId = newId();
        const { id } = await given.store.putDelegation(delegationOf(grant, agentId, { expiresAt: 100 }));
        expect(await lent(agentId, { now: 99 })).toEqual([grant.id]);
        expect(await lent(agentId, { now: 100 })).toEqual([]);
        expect(await lent(newId())).toEqual([]);
        expect((await given.store.revokeDelegation(given.appA, id, 60))?.revokedAt).toBe(60);
        expect(await lent(agentId)).toEqual([]);
        await given.store.putDelegation(delegationOf(grant, agentId));
        await given.store.revokeDelegationsOfUser(given.appA, grant.principalId ?? "", 70);
        expect(await lent(agentId)).toEqual([]);
        expect((await given.store.findDelegation(given.appA, id))?.revokedAt).toBe(60);
      });

      test("one of many users is found, however many there are", async () => {
        const agentId = newId();
        const grants: GrantRecord[] = [];
        for (let i = 0; i < 4; i++) grants.push(await userWithGrant());
        for (const grant of grants) await given.store.putDelegation(delegationOf(grant, agentId));
        const last = grants.at(-1);
        expect(await lent(agentId)).toHaveLength(2);
        expect(await lent(agentId, { userId: last?.principalId ?? "" })).toEqual([last?.id]);
        expect(await lent(agentId, { account: last?.account?.identifier ?? "" })).toEqual([last?.id]);
      });

      test.each([true, false])("lend what is still its user's and alive (the user is named: %s)", async (isNamed) => {
        const grant = await userWithGrant();
        const other = await userWithGrant();
        const agentId = newId();
        const named = isNamed ? { userId: grant.principalId ?? "" } : {};
        await given.store.putDelegation(delegationOf(grant, agentId));
        await given.store.putDelegation(delegationOf(other, agentId, named));
        await given.store.updateGrant(given.appA, grant.id, { label: "work" });
        await given.store.updateGrant(given.appA, other.id, { label: "of another" });
        for (const account of ["work", grant.account?.id ?? "", grant.account?.identifier ?? ""]) {
          expect(await lent(agentId, { ...named, account })).toEqual([grant.id]);
        }
        expect(await lent(agentId, { ...named, account: "home" })).toEqual([]);
        // The second one says it is lent by somebody who does not have it.
        expect(await lent(agentId, { ...named, account: "of another" })).toEqual(isNamed ? [] : [other.id]);
        await given.store.endOAuthGrant(given.appA, grant.id, "revoked", 40);
        expect(await lent(agentId, { ...named, account: "work" })).toEqual([]);
      });

      test.each(["suspended", "deleted"] as const)("of a user who is %s lend nothing", async (status) => {
        const grant = await userWithGrant();
        const agentId = newId();
        await given.store.putDelegation(delegationOf(grant, agentId));
        await given.store.setUserStatus(given.appA, grant.principalId ?? "", status);
        expect(await lent(agentId)).toEqual([]);
      });

      test("of users whose identity provider is disabled or gone lend nothing", async () => {
        const grant = await userWithGrant();
        const agentId = newId();
        await given.store.putDelegation(delegationOf(grant, agentId));
        const idp = (await given.store.listIdps(given.appA))[0];
        if (!idp) throw new Error("there is an identity provider");
        await given.store.updateIdp({ ...idp, status: "disabled", updatedAt: 99 }, idp.updatedAt);
        expect(await lent(agentId)).toEqual([]);
        await given.store.updateIdp({ ...idp, status: "active", updatedAt: 100 }, 99);
        expect(await lent(agentId)).toEqual([grant.id]);
        await given.store.deleteIdp(given.appA, idp.id);
        expect(await lent(agentId)).toEqual([]);
      });

      test("show up in an agent's list of grants, within its providers", async () => {
        const [mine, other] = [await userWithGrant(), await userWithGrant({ provider: "other" })];
        const agentId = newId();
        for (const grant of [mine, other]) await given.store.putDelegation(delegationOf(grant, agentId));
        const list = async (more: { providers?: string[]; ids?: string[] }) => {
          const principals = [{ type: "agent", id: agentId } as const];
          const filter = { now: 50, principals, delegated: { agentId }, ...more };
          const { records } = await given.store.listGrants(given.appA, filter, { after: null, skip: 0, limit: 10 });
          return records.map(({ grant }) => grant.id);
        };
        expect(await list({})).toEqual([mine.id, other.id]);
        expect(await list({ providers: ["demo"] })).toEqual([mine.id]);
        expect(await list({ ids: [other.id] })).toEqual([other.id]);
        expect(await list({ providers: ["demo"], ids: [other.id] })).toEqual([]);
      });
    });

    test("what was issued to a principal is deleted with it, and connected accounts are left to be ended", async () => {
      const account = await userWithGrant();
      const user = { type: "user", id: account.principalId } as const;
      const issued = { ...account, id: newId(), secretId: newId(), account: null };
      const group = { ...issued, id: newId(), principalType: "group" } as const;
      for (const grant of [issued, group]) await given.store.insertGrant(grant);
      await given.store.deleteGrantsOf(given.appB, user, 40);
      await given.store.deleteGrantsOf(given.appA, user, 40);
      const state = async (id: string) => (await given.store.findGrant(given.appA, id))?.grant;
      expect(await state(issued.id)).toMatchObject({ status: "deleted", revokedAt: 40 });
      expect(await state(group.id)).toMatchObject({ status: "active" });
      expect(await state(account.id)).toMatchObject({ status: "active" });
    });
  });
}
