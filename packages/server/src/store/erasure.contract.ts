import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  eachWithStoreOfTwo,
  idpRecord,
  newId,
  oauthCredential,
  oauthGrant,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import type { UserHoldings } from "./user-places.ts";

/** What there is of one user is found, and goes as a whole; nobody else's does. */
export function erasureContract(open: () => Promise<StoreUnderTest>): void {
  describe("erasing a user", () => {
    const given = eachWithStoreOfTwo(open);
    const sealed = (): Buffer => Buffer.concat([Buffer.from([2]), randomBytes(60)]);
    const ONE_OF_EACH: UserHoldings = {
      grants: 2,
      credentials: 1,
      delegations: 1,
      sessions: 1,
      connect_sessions: 1,
      approvals: 2,
      tool_calls: 1,
      groups: 1,
      keys: 1,
    };

    /** One of everything that may be kept of a user. All that says who they are has `mark` in it. */
    async function userWithAll(mark: string): Promise<{ readonly id: string; readonly approvalOfOthers: string }> {
      const { store, appA: appId } = given;
      const idp = idpRecord(appId, { issuer: `https://issuer.example/${newId()}` });
      await store.insertIdp(idp);
      const found = await store.seeUser(appId, idp.id, {
        newId: newId(),
        subject: `subject-${mark}`,
        email: `${mark}@example.com`,
        name: `Name ${mark}`,
        userName: `login-${mark}`,
        groups: [{ newId: newId(), externalId: "staff" }],
        source: "directory",
        at: 1,
        saidAt: 1,
      });
      const id = found?.user.id ?? "";
      const owner = { principalType: "user", principalId: id } as const;
      const account = { id: `account-${mark}`, identifier: `${mark}@mail.example`, name: `Name ${mark}` };
      const grant = oauthGrant(appId, { ...owner, account, label: `of ${mark}`, data: { who: mark } });
      await store.insertOAuthGrant(grant, oauthCredential(grant, { userId: id, sealedTokens: sealed() }));
      await store.insertGrant(
        oauthGrant(appId, { ...owner, account: null, secretId: newId(), label: `secret of ${mark}` }),
      );
      await store.insertUserKey(
        { id: newId(), appId, userId: id, sealedKey: Buffer.from(`key-${mark}`), createdAt: 1 },
        null,
      );
      const ids = { id: newId(), appId, userId: id };
      const times = { createdAt: 1, expiresAt: 9_000, revokedAt: null };
      await store.putDelegation({ ...ids, ...times, agentId: newId(), grantId: grant.id, provider: "demo" });
      const bounds = { agentId: null, providers: null, grants: null, parentId: null };
      await store.insertVaultSession({ ...ids, ...times, ...bounds, tokenHash: `session-${mark}`, scopes: [] });
      const sessionId = newId();
      const options = JSON.stringify({
        loginHint: `${mark}@mail.example`,
        wishes: { principal: { type: "user", id } },
      });
      const session = { id: sessionId, appId, tokenHash: `connect-${mark}`, options, status: "pending" as const };
      await store.insertConnectSession({ ...session, grants: [], error: null, createdAt: 1, expiresAt: 9_000 });
      const attempt = { id: newId(), appId, sessionId, provider: "demo", stateHash: `state-${mark}`, browserHash: "" };
      const rest = { askedScopes: [], variables: {}, createdAt: 1, expiresAt: 9_000, usedAt: null };
      await store.insertConnectAttempt({ ...attempt, ...rest, sealedSecrets: sealed() });
      for (const [userId, ownerId] of [
        [id, id],
        [null, id],
      ] as const)
        await ask(mark, userId, ownerId);
      const approvalOfOthers = await ask("others", null, null);
      const vote = { approver: `user ${id}`, decision: "approve" as const, reason: `says ${mark}`, ruleIds: [], at: 2 };
      await store.voteApproval(appId, approvalOfOthers, vote, () => "approved");
      const call = { ...ids, id: `call-${mark}`, requestHash: "h", entryId: newId(), claimedAt: 1, expiresAt: 9_000 };
      await store.claimToolCall({ ...call, state: "open" }, 1);
      await store.settleToolCall(appId, call.id, call.entryId, "answered", sealed());
      return { id, approvalOfOthers };
    }

    async function ask(mark: string, userId: string | null, ownerId: string | null): Promise<string> {
      const id = newId();
      const call = {
        method: "GET",
        url: `https://api.example/${mark}`,
        provider: "demo",
        grantId: "g",
        operation: null,
      };
      await given.store.askApproval(
        {
          id,
          appId: given.appA,
          requestHash: id,
          status: "pending",
          keyId: "k",
          agentId: null,
          userId,
          ownerId,
          shown: { ...call, reason: `for ${mark}`, agentName: null, caller: {}, context: {} },
          requirements: [],
          entryId: newId(),
          createdAt: 1,
          expiresAt: 9_000,
          decidedAt: null,
          decisionReason: null,
          executedAt: null,
          problem: null,
        },
        sealed(),
      );
      const decidesAs = userId === null ? null : { userId };
      await given.store.insertApprovalLink({
        tokenHash: `link-${mark}-${id}`,
        appId: given.appA,
        approvalId: id,
        decidesAs,
        expiresAt: 9_000,
      });
      return id;
    }

    test("all that is kept is counted, and can be read but for another app", async () => {
      const { store, appA, appB } = given;
      const { id } = await userWithAll("ada");
      expect(await store.countUserHoldings(appA, id)).toEqual(ONE_OF_EACH);
      expect(Object.values(await store.countUserHoldings(appB, id))).toEqual(Array(9).fill(0));
      for (const kind of Object.keys(ONE_OF_EACH) as (keyof UserHoldings)[]) {
        const all = await store.readUserRecords(appA, id, kind, "", 10);
        expect(all, kind).toHaveLength(ONE_OF_EACH[kind]);
        expect(await store.readUserRecords(appA, id, kind, all[0]?.key ?? "", 10), kind).toHaveLength(all.length - 1);
        expect(await store.readUserRecords(appB, id, kind, "", 10), kind).toEqual([]);
      }
    });

    test("it goes, and no byte of it is left; only the id is, as somebody's who was erased", async () => {
      const { store, appA, appB } = given;
      const [mark, stays] = ["quetzalcoatlus", "archaeopteryx"];
      const { id, approvalOfOthers } = await userWithAll(mark);
      const other = await userWithAll(stays);
      expect((await given.stored()).includes(mark)).toBe(true);
      expect(await store.eraseUser(appB, id)).toBeNull();
      expect(await store.eraseUser(appA, id)).toEqual(ONE_OF_EACH);
      expect((await given.stored()).includes(mark)).toBe(false);
      await given.reopen();
      expect((await given.stored()).includes(mark)).toBe(false);
      const left = await given.store.findUser(appA, id);
      expect(left?.user).toMatchObject({ id, status: "erased", email: null, name: null, userName: null });
      expect(left?.groups).toEqual([]);
      expect(Object.values(await given.store.countUserHoldings(appA, id))).toEqual(Array(9).fill(0));
      expect((await given.store.findApproval(appA, approvalOfOthers))?.status).toBe("approved");
      expect(await given.store.countUserHoldings(appA, other.id)).toEqual(ONE_OF_EACH);
    });

    test("erased is for good: no status, no key; the same subject is somebody new", async () => {
      const { store, appA } = given;
      const { id } = await userWithAll("ada");
      const idpId = (await store.findUser(appA, id))?.user.idpId ?? "";
      await store.eraseUser(appA, id);
      for (const status of ["active", "deleted"] as const) {
        expect((await store.setUserStatus(appA, id, status))?.user.status).toBe("erased");
      }
      const key = { id: newId(), appId: appA, userId: id, sealedKey: sealed(), createdAt: 1 };
      expect(await store.insertUserKey(key, null)).toBeNull();
      const seen = { newId: newId(), subject: "subject-ada", source: "token" as const, at: 5, saidAt: 5 };
      expect((await store.seeUser(appA, idpId, seen))?.user).toMatchObject({ id: seen.newId, status: "active" });
      expect(await store.countUsers(appA, idpId)).toBe(1);
      expect(await store.listUsers(appA, { idpId, after: "", limit: 10, livingOnly: true })).toHaveLength(1);
      expect(Object.values((await store.eraseUser(appA, id)) ?? {})).toEqual(Array(9).fill(0));
    });
  });
}
