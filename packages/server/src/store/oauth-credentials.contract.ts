import { describe, expect, test } from "vitest";
import {
  eachWithStoreOfTwo,
  bytes,
  oauthCredential,
  oauthGrant,
  refreshedTokens,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import { SYSTEM, type GrantRecord } from "./grant-records.ts";
import type { OAuthCredentialRecord } from "./oauth-records.ts";
import type { Store } from "./store.ts";

/** Connected accounts and their tokens. */
export function oauthCredentialContract(open: () => Promise<StoreUnderTest>): void {
  describe("connected accounts", () => {
    const given = eachWithStoreOfTwo(open);

    async function connected(
      over: Partial<GrantRecord> = {},
      tokens: Partial<OAuthCredentialRecord> = {},
    ): Promise<{ id: string; grant: GrantRecord; credential: OAuthCredentialRecord }> {
      const grant = oauthGrant(given.appA, over);
      const credential = oauthCredential(grant, tokens);
      expect(await given.store.insertOAuthGrant(grant, credential)).toBe(true);
      return { id: grant.id, grant, credential };
    }
    const lease = (id: string, over: { version?: number; leaseId?: string; now?: number; until?: number } = {}) =>
      given.store.leaseOAuthCredential(given.appA, id, {
        version: 1,
        leaseId: "lease-1",
        now: 1_000,
        until: 2_000,
        ...over,
      });

    test("grant and tokens are found together, as they were written, after a restart too", async () => {
      const { id, grant, credential } = await connected({
        label: "work",
        expiresAt: 9_000,
        policy: { max_ttl_seconds: 60 },
        data: { plan: "pro" },
      });
      await given.reopen();
      const found = await given.store.findGrant(given.appA, id);
      expect(found?.grant).toEqual(grant);
      expect(found?.secret).toBeNull();
      expect({ ...found?.oauth, sealedTokens: bytes(found?.oauth?.sealedTokens) }).toEqual({
        ...credential,
        sealedTokens: bytes(credential.sealedTokens),
      });
      expect(
        (await given.store.findGrantsByProvider(given.appA, { provider: "demo" }, [SYSTEM], 10))[0]?.oauth?.id,
      ).toBe(id);
      const listed = await given.store.listGrants(given.appA, { now: 0 }, { after: null, skip: 0, limit: 10 });
      expect(listed.records[0]?.oauth?.id).toBe(id);
    });

    test("what belongs to another app does not exist", async () => {
      const { id } = await connected();
      const before = await given.store.findOAuthCredential(given.appA, id);
      const change = { expiresAt: null, policy: null, account: { id: "x", identifier: "x", name: null } };
      expect(await given.store.findOAuthCredential(given.appB, id)).toBeNull();
      expect(await given.store.findGrantByAccount(given.appB, "demo", SYSTEM, "account-1")).toBeNull();
      expect(
        await given.store.reconnectGrant(given.appB, id, change, oauthCredential({ ...oauthGrant(given.appB), id })),
      ).toBeNull();
      expect(
        await given.store.leaseOAuthCredential(given.appB, id, { version: 1, leaseId: "l", now: 1, until: 2 }),
      ).toEqual({
        got: "moved",
        credential: null,
      });
      expect(await given.store.saveRefreshedTokens(given.appB, id, 1, refreshedTokens())).toBe(false);
      const failure = { state: "failing", problem: "x", refreshDueAt: null, at: 1 } as const;
      expect(await given.store.saveRefreshFailure(given.appB, id, 1, failure)).toBe(false);
      expect(await given.store.endOAuthGrant(given.appB, id, "deleted", 1)).toBeNull();
      expect(await given.store.findOAuthGrants(given.appB, {}, "", 10)).toEqual([]);
      expect(await given.store.setGrantData(given.appB, id, { a: 1 })).toBeNull();
      expect(await given.store.findOAuthCredential(given.appA, id)).toEqual(before);
    });

    test("an account has one grant that is not deleted, per provider and app", async () => {
      const { id } = await connected();
      const twin = oauthGrant(given.appA);
      expect(await given.store.insertOAuthGrant(twin, oauthCredential(twin))).toBe(false);
      expect(await given.store.findGrant(given.appA, twin.id)).toBeNull();
      expect(await given.store.findOAuthCredential(given.appA, twin.id)).toBeNull();
      expect((await given.store.findGrantByAccount(given.appA, "demo", SYSTEM, "account-1"))?.grant.id).toBe(id);
      await connected({ account: { id: "account-2", identifier: "bob@example.com", name: null } });
      await connected({ provider: "other" });
      const theirs = oauthGrant(given.appB);
      expect(await given.store.insertOAuthGrant(theirs, oauthCredential(theirs))).toBe(true);

      await given.store.endOAuthGrant(given.appA, id, "revoked", 200);
      expect((await given.store.findGrantByAccount(given.appA, "demo", SYSTEM, "account-1"))?.grant.id).toBe(id);
      expect(await given.store.insertOAuthGrant(twin, oauthCredential(twin))).toBe(false);
      await given.store.endOAuthGrant(given.appA, id, "deleted", 300);
      expect(await given.store.findGrantByAccount(given.appA, "demo", SYSTEM, "account-1")).toBeNull();
      expect(await given.store.insertOAuthGrant(twin, oauthCredential(twin))).toBe(true);
    });

    test("grants without an account stand side by side", async () => {
      await connected({ account: null });
      await connected({ account: null });
      expect(await given.store.findOAuthGrants(given.appA, {}, "", 10)).toHaveLength(2);
    });

    test("connecting again keeps the grant's id and raises the version of its tokens", async () => {
      const { id, grant } = await connected({ label: "work", data: { plan: "pro" } });
      await lease(id);
      const account = { id: "account-1", identifier: "ada@new.example", name: null };
      const fresh = oauthCredential(grant, { grantedScopes: ["read", "write"], state: "ok" });
      const change = { expiresAt: 9_000, policy: { max_ttl_seconds: 5 }, account };
      const again = await given.store.reconnectGrant(given.appA, id, change, fresh);
      expect(again).toEqual({ ...grant, ...change });
      const credential = await given.store.findOAuthCredential(given.appA, id);
      expect(credential).toMatchObject({ version: 2, leaseId: null, grantedScopes: ["read", "write"] });
      expect(bytes(credential?.sealedTokens)).toBe(bytes(fresh.sealedTokens));
      expect(await given.store.saveRefreshedTokens(given.appA, id, 1, refreshedTokens()), "of the refresh before").toBe(
        false,
      );

      const wishes = { ...change, label: "home", data: { plan: "free" } };
      expect(await given.store.reconnectGrant(given.appA, id, wishes, fresh)).toMatchObject({
        label: "home",
        data: { plan: "free" },
      });
      expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({ version: 3 });
    });

    test("a version is any whole number, as one that begins with the time", async () => {
      const version = 1_795_644_879_612;
      const { id } = await connected({}, { version });
      expect(await given.store.saveRefreshedTokens(given.appA, id, version, refreshedTokens())).toBe(true);
      expect((await given.store.findOAuthCredential(given.appA, id))?.version).toBe(version + 1);
    });

    test("a revoked grant can be connected again, a deleted one or one of a secret cannot", async () => {
      const { id, grant } = await connected();
      const change = {
        expiresAt: null,
        policy: null,
        account: grant.account ?? { id: "", identifier: "", name: null },
      };
      await given.store.endOAuthGrant(given.appA, id, "revoked", 200);
      expect(await given.store.reconnectGrant(given.appA, id, change, oauthCredential(grant))).toMatchObject({
        id,
        status: "active",
        revokedAt: null,
      });
      await given.store.endOAuthGrant(given.appA, id, "deleted", 300);
      expect(await given.store.reconnectGrant(given.appA, id, change, oauthCredential(grant))).toBeNull();
      expect(await given.store.findOAuthCredential(given.appA, id)).toBeNull();
    });

    test("the right to refresh is given to one at a time", async () => {
      const { id } = await connected();
      const got = await lease(id);
      expect(got).toMatchObject({
        got: "lease",
        credential: { version: 1, leaseId: "lease-1", leaseUntil: 2_000, refreshDueAt: 2_000 },
      });
      expect(await lease(id, { leaseId: "lease-2", now: 1_999, until: 3_000 })).toEqual({ got: "held", until: 2_000 });
      expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({
        leaseId: "lease-1",
        refreshDueAt: 2_000,
      });
      expect(await lease(id, { leaseId: "lease-2", now: 2_000, until: 3_000 })).toMatchObject({
        got: "lease",
        credential: { leaseId: "lease-2", leaseUntil: 3_000 },
      });
    });

    test("who asks with tokens that were refreshed meanwhile gets the new ones instead", async () => {
      const { id } = await connected();
      await given.store.saveRefreshedTokens(given.appA, id, 1, refreshedTokens());
      expect(await lease(id)).toMatchObject({ got: "moved", credential: { version: 2, leaseId: null } });
      await given.store.endOAuthGrant(given.appA, id, "revoked", 300);
      expect(await lease(id)).toEqual({ got: "moved", credential: null });
    });

    test("refreshed tokens are written over the version they came from, once", async () => {
      const { id } = await connected({}, { state: "failing", problem: "x", failingSince: 5, failures: 3 });
      await lease(id);
      const tokens = refreshedTokens();
      expect(await given.store.saveRefreshedTokens(given.appA, id, 1, tokens)).toBe(true);
      const { at, sealedTokens, ...rest } = tokens;
      const after = await given.store.findOAuthCredential(given.appA, id);
      expect(after).toMatchObject({
        ...rest,
        version: 2,
        refreshedAt: at,
        state: "ok",
        problem: null,
        failingSince: null,
        failures: 0,
        leaseId: null,
        leaseUntil: null,
        askedScopes: ["read", "write"],
        connectedAt: 100,
      });
      expect(bytes(after?.sealedTokens)).toBe(bytes(sealedTokens));
      expect(await given.store.saveRefreshedTokens(given.appA, id, 1, refreshedTokens())).toBe(false);
      expect(await given.store.findOAuthCredential(given.appA, id)).toEqual(after);
    });

    test("a failure leaves the tokens, says since when, and ends the lease", async () => {
      const { id, credential } = await connected();
      await lease(id);
      const failure = { state: "failing", problem: "server_error", refreshDueAt: 3_000, at: 1_100 } as const;
      expect(await given.store.saveRefreshFailure(given.appA, id, 1, failure)).toBe(true);
      const once = await given.store.findOAuthCredential(given.appA, id);
      expect(once).toMatchObject({
        version: 1,
        state: "failing",
        problem: "server_error",
        refreshDueAt: 3_000,
        failingSince: 1_100,
        failures: 1,
        leaseId: null,
        leaseUntil: null,
      });
      expect(bytes(once?.sealedTokens)).toBe(bytes(credential.sealedTokens));
      const worse = { state: "reauth_required", problem: "invalid_grant", refreshDueAt: null, at: 3_100 } as const;
      expect(await given.store.saveRefreshFailure(given.appA, id, 1, worse)).toBe(true);
      expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({
        state: "reauth_required",
        failingSince: 1_100,
        failures: 2,
        refreshDueAt: null,
      });
      await given.store.saveRefreshedTokens(given.appA, id, 1, refreshedTokens());
      expect(await given.store.saveRefreshFailure(given.appA, id, 1, failure), "of tokens that are gone").toBe(false);
      expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({
        version: 2,
        state: "ok",
        failures: 0,
      });
    });

    test("what is due comes longest overdue first, and never what is not refreshed by itself", async () => {
      const accounts = ["1", "2", "3", "4"].map((id) => ({ id, identifier: id, name: null }));
      const due = [300, 100, 900, null];
      const ids: string[] = [];
      for (const [index, account] of accounts.entries()) {
        ids.push((await connected({ account }, { refreshDueAt: due[index] ?? null })).id);
      }
      expect(await given.store.dueOAuthCredentials(500, 10)).toEqual([
        { appId: given.appA, id: ids[1] },
        { appId: given.appA, id: ids[0] },
      ]);
      expect(await given.store.dueOAuthCredentials(500, 1)).toEqual([{ appId: given.appA, id: ids[1] }]);
      expect(await given.store.dueOAuthCredentials(100_000, 10)).toHaveLength(3);
    });

    test("leases of a process that is gone are broken, and what they were for is due", async () => {
      const { id } = await connected({}, { refreshDueAt: 50_000 });
      const { id: other } = await connected({ provider: "other" }, { refreshDueAt: 50_000 });
      await lease(id, { until: 60_000 });
      await given.reopen();
      if (given.store.isShared) {
        // Whoever holds it may be alive elsewhere.
        expect(await given.store.breakOAuthLeases()).toEqual([]);
        expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({ leaseId: "lease-1" });
        return;
      }
      expect(await given.store.breakOAuthLeases()).toEqual([{ appId: given.appA, id }]);
      expect(await given.store.findOAuthCredential(given.appA, id)).toMatchObject({
        leaseId: null,
        leaseUntil: null,
        version: 1,
      });
      expect(await given.store.dueOAuthCredentials(1, 10)).toEqual([{ appId: given.appA, id }]);
      expect((await given.store.findOAuthCredential(given.appA, other))?.refreshDueAt).toBe(50_000);
      expect(await given.store.breakOAuthLeases()).toEqual([]);
    });

    test("ending a grant takes its tokens away", async () => {
      const { id } = await connected();
      expect(await given.store.endOAuthGrant(given.appA, id, "revoked", 200)).toMatchObject({
        status: "revoked",
        revokedAt: 200,
      });
      expect(await given.store.findGrant(given.appA, id)).toMatchObject({ grant: { status: "revoked" }, oauth: null });
      expect(await given.store.dueOAuthCredentials(100_000, 10)).toEqual([]);
      expect(await given.store.saveRefreshedTokens(given.appA, id, 1, refreshedTokens())).toBe(false);
      expect(await given.store.endOAuthGrant(given.appA, id, "revoked", 300)).toBeNull();
      expect(await given.store.endOAuthGrant(given.appA, id, "deleted", 300)).toMatchObject({
        status: "deleted",
        revokedAt: 200,
      });
      expect(await given.store.endOAuthGrant(given.appA, id, "deleted", 400)).toBeNull();
      expect(await given.store.setGrantData(given.appA, id, { a: 1 })).toBeNull();
    });

    test("data is kept with a grant until it is deleted", async () => {
      const { id } = await connected();
      expect(await given.store.setGrantData(given.appA, id, { plan: "pro", deep: { list: [1, null] } })).toMatchObject({
        data: { plan: "pro", deep: { list: [1, null] } },
      });
      expect(await given.store.setGrantData(given.appA, id, {})).toMatchObject({ data: {} });
    });

    test("active accounts are found by provider, account and time, page by page", async () => {
      const ada = { id: "1", identifier: "ada@example.com", name: null };
      const bob = { id: "2", identifier: "bob@example.com", name: null };
      const first = await connected({ account: ada, createdAt: 100 });
      const second = await connected({ account: bob, createdAt: 200 });
      const third = await connected({ account: ada, createdAt: 300, provider: "other" });
      const ended = await connected({ account: bob, createdAt: 300, provider: "other" });
      await given.store.endOAuthGrant(given.appA, ended.id, "revoked", 400);
      const find = async (filter: Parameters<Store["findOAuthGrants"]>[1], after = "", limit = 10) =>
        (await given.store.findOAuthGrants(given.appA, filter, after, limit)).map(({ id }) => id);
      expect(await find({})).toEqual([first.id, second.id, third.id]);
      expect(await find({}, "", 2)).toEqual([first.id, second.id]);
      expect(await find({}, second.id, 2)).toEqual([third.id]);
      expect(await find({ provider: "demo" })).toEqual([first.id, second.id]);
      expect(await find({ accountIdentifier: "ada@example.com" })).toEqual([first.id, third.id]);
      expect(await find({ createdBefore: 200 })).toEqual([first.id]);
      expect(await find({ createdAfter: 200 })).toEqual([second.id, third.id]);
      expect(await find({ provider: "other", accountIdentifier: "bob@example.com" })).toEqual([]);
    });
  });
}
