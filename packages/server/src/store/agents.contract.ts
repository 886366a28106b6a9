import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AgentRecord, DelegationRecord } from "./agent-records.ts";
import {
  eachWithStoreOfTwo,
  newId,
  oauthCredential,
  oauthGrant,
  type StoreUnderTest,
} from "./contract.test-support.ts";

/** Agents, and what users let them do. */
export function agentContract(open: () => Promise<StoreUnderTest>): void {
  describe("agents", () => {
    const given = eachWithStoreOfTwo(open);

    function agentOf(over: Partial<AgentRecord> = {}): AgentRecord {
      return {
        id: newId(),
        appId: given.appA,
        name: "mailer",
        displayName: "Mailer",
        type: "agent",
        status: "active",
        scopes: { demo: ["read"] },
        metadata: { team: "a" },
        idempotencyKey: null,
        bodyHash: null,
        createdAt: 1,
        updatedAt: 1,
        ...over,
      };
    }
    async function agent(over: Partial<AgentRecord> = {}): Promise<AgentRecord> {
      const record = agentOf(over);
      expect(await given.store.insertAgent(record)).toBe(true);
      return record;
    }
    const delegationOf = (over: Partial<DelegationRecord> = {}): DelegationRecord => ({
      id: newId(),
      appId: given.appA,
      agentId: newId(),
      grantId: newId(),
      provider: "demo",
      userId: "user",
      createdAt: 1,
      expiresAt: null,
      revokedAt: null,
      ...over,
    });

    test("an agent is an app's own; a name and an idempotency key belong to one", async () => {
      const made = await agent({ idempotencyKey: "once", bodyHash: "hash" });
      await given.reopen();
      expect(await given.store.findAgent(given.appA, made.id)).toEqual(made);
      expect(await given.store.findAgentByName(given.appA, "mailer")).toEqual(made);
      expect(await given.store.findAgentByIdempotencyKey(given.appA, "once")).toEqual(made);
      expect(await given.store.insertAgent(agentOf())).toBe(false);
      expect(await given.store.insertAgent(agentOf({ name: "other", idempotencyKey: "once" }))).toBe(false);
      await agent({ appId: given.appB });
      expect(await given.store.findAgent(given.appB, made.id)).toBeNull();
      expect(await given.store.updateAgent(given.appB, made.id, { displayName: "x" }, 2)).toBeNull();
      expect(await given.store.revokeAgent(given.appB, made.id, 2)).toBeNull();
      expect((await given.store.listAgents(given.appA)).map(({ id }) => id)).toEqual([made.id]);
      expect(await given.store.findAgent(given.appA, made.id)).toEqual(made);
    });

    test("what is changed is changed, the rest stays", async () => {
      const made = await agent();
      expect(await given.store.updateAgent(given.appA, made.id, { displayName: null }, 2)).toEqual({
        ...made,
        displayName: null,
        updatedAt: 2,
      });
      const change = { scopes: {}, metadata: { team: "b" }, status: "paused" } as const;
      expect(await given.store.updateAgent(given.appA, made.id, change, 3)).toEqual({
        ...made,
        ...change,
        displayName: null,
        updatedAt: 3,
      });
    });

    test("revoking an agent revokes its keys and delegations, for good", async () => {
      const made = await agent();
      const key = {
        id: "agentkey00000001",
        appId: given.appA,
        name: "k",
        scopes: ["proxy:execute"] as const,
        sealedSigningKey: randomBytes(70),
        agentId: made.id,
        cidrs: ["10.0.0.0/8"],
        requestsPerMinute: 5,
        deprecatedAt: null,
        createdAt: 1,
        expiresAt: null,
        revokedAt: null,
      };
      await given.store.insertApiKey(key);
      expect(await given.store.findApiKey(key.id)).toMatchObject({ cidrs: ["10.0.0.0/8"], requestsPerMinute: 5 });
      expect(await given.store.deprecateApiKey(given.appB, key.id, 4)).toBeNull();
      expect((await given.store.deprecateApiKey(given.appA, key.id, 4))?.deprecatedAt).toBe(4);
      expect((await given.store.deprecateApiKey(given.appA, key.id, null))?.deprecatedAt).toBeNull();
      const delegation = await given.store.putDelegation(delegationOf({ agentId: made.id }));
      expect(await given.store.revokeAgent(given.appA, made.id, 9)).toMatchObject({ status: "revoked", updatedAt: 9 });
      expect((await given.store.findApiKey(key.id))?.revokedAt).toBe(9);
      expect((await given.store.findDelegation(given.appA, delegation.id))?.revokedAt).toBe(9);
      expect(await given.store.revokeAgent(given.appA, made.id, 10)).toMatchObject({ updatedAt: 9 });
      expect(await given.store.updateAgent(given.appA, made.id, { status: "active" }, 11)).toMatchObject({
        status: "revoked",
      });
      await agent();
    });

    test("a delegation takes the place of the one before, and is found by agent, grant and user of its app", async () => {
      const first = await given.store.putDelegation(delegationOf());
      const { agentId, grantId } = first;
      const second = await given.store.putDelegation(delegationOf({ agentId, grantId, createdAt: 5, expiresAt: 90 }));
      expect(await given.store.findDelegation(given.appA, first.id)).toEqual({ ...first, revokedAt: 5 });
      expect(await given.store.findDelegationOf(given.appA, agentId, grantId)).toEqual(second);
      expect(await given.store.findDelegationOf(given.appB, agentId, grantId)).toBeNull();
      expect(await given.store.findDelegation(given.appB, second.id)).toBeNull();
      expect(await given.store.revokeDelegation(given.appB, second.id, 6)).toBeNull();
      for (const filter of [{ agentId }, { grantId }, { userId: "user" }, {}]) {
        expect(await given.store.listDelegations(given.appA, filter)).toHaveLength(2);
        expect(await given.store.listDelegations(given.appB, filter)).toEqual([]);
      }
      expect(await given.store.listDelegations(given.appA, { agentId, userId: "nobody" })).toEqual([]);
      expect((await given.store.revokeDelegation(given.appA, second.id, 7))?.revokedAt).toBe(7);
      expect((await given.store.revokeDelegation(given.appA, second.id, 8))?.revokedAt).toBe(7);
      const together = Array.from({ length: 5 }, () => given.store.putDelegation(delegationOf({ agentId, grantId })));
      await Promise.all(together);
      const alive = (await given.store.listDelegations(given.appA, { agentId })).filter(
        (one) => one.revokedAt === null,
      );
      expect(alive).toHaveLength(1);
    });

    test("grants are found by whose they are, and by what was delegated", async () => {
      const ofUser = oauthGrant(given.appA, { principalType: "user", principalId: "ada" });
      const ofSystem = oauthGrant(given.appA);
      const elsewhere = oauthGrant(given.appB, { principalType: "user", principalId: "ada" });
      for (const grant of [ofUser, ofSystem, elsewhere]) {
        expect(await given.store.insertOAuthGrant(grant, oauthCredential(grant))).toBe(true);
      }
      const [ada, bob] = [{ type: "user", id: "ada" } as const, { type: "user", id: "bob" } as const];
      const system = { type: "system", id: null } as const;
      const find = async (...principals: (typeof ada | typeof bob | typeof system)[]) =>
        (await given.store.findGrantsByProvider(given.appA, "demo", principals, 10)).map(({ grant }) => grant.id);
      expect(await find(ada)).toEqual([ofUser.id]);
      expect(await find(bob)).toEqual([]);
      expect(await find(system, ada)).toEqual([ofUser.id, ofSystem.id]);
      expect(await find()).toEqual([]);
      const listed = async (principals: readonly (typeof ada | typeof system)[]) =>
        (await given.store.listGrants(given.appA, { now: 0, principals }, { after: null, skip: 0, limit: 10 })).total;
      expect([await listed([ada]), await listed([ada, system]), await listed([])]).toEqual([1, 2, 0]);
      const byAccount = await given.store.findGrantByAccount(given.appA, "demo", ada, "account-1");
      expect(byAccount?.grant).toMatchObject({ id: ofUser.id, principalType: "user", principalId: "ada" });
      const ofAda = await given.store.findOAuthGrants(given.appA, { principal: ada }, "", 10);
      expect(ofAda.map(({ id }) => id)).toEqual([ofUser.id]);

      const made = await agent();
      const delegated = async (appId: string, now: number) =>
        (await given.store.findDelegatedGrants(appId, "demo", made.id, now, 10)).map(({ grant }) => grant.id);
      await given.store.putDelegation(delegationOf({ agentId: made.id, grantId: ofUser.id, expiresAt: 100 }));
      await given.store.putDelegation(delegationOf({ agentId: made.id, grantId: elsewhere.id }));
      expect(await delegated(given.appA, 99)).toEqual([ofUser.id]);
      expect(await delegated(given.appA, 100)).toEqual([]);
      expect(await delegated(given.appB, 1)).toEqual([]);
      await given.store.endOAuthGrant(given.appA, ofUser.id, "revoked", 5);
      expect(await delegated(given.appA, 99)).toEqual([]);
    });
  });
}
