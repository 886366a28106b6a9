import { randomBytes } from "node:crypto";
import type { InjectionRule } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { agentContract } from "./agents.contract.ts";
import { approvalContract } from "./approvals.contract.ts";
import { erasureContract } from "./erasure.contract.ts";
import { connectContract } from "./connect.contract.ts";
import {
  eachWithStoreOfTwo,
  idpRecord,
  newId,
  oauthCredential,
  oauthGrant,
  providerConfig,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import { identityContract } from "./identity.contract.ts";
import { limitContract } from "./limits.contract.ts";
import { logContract } from "./log.contract.ts";
import { policyContract } from "./policies.contract.ts";
import { oauthCredentialContract } from "./oauth-credentials.contract.ts";
import { providerContract } from "./providers.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { toolCallContract } from "./tool-calls.contract.ts";
import { userKeyContract } from "./user-keys.contract.ts";
import { SYSTEM, type GrantRecord } from "./grant-records.ts";
import type { SecretRecord, Store } from "./store.ts";

const clock = 1_700_000_000_000;
const bearer: InjectionRule = { kind: "bearer" };

/** What every store must do, run against each driver. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    const given = eachWithStoreOfTwo(open);

    const secretOf = (appId: string, over: Partial<SecretRecord> = {}): SecretRecord => ({
      id: newId(),
      appId,
      name: `secret ${newId()}`,
      provider: "demo",
      injection: bearer,
      allowedHosts: ["api.example.com"],
      sealedValue: randomBytes(60),
      version: 1,
      createdAt: clock,
      updatedAt: clock,
      ...over,
    });
    const connectAttempt = (appId: string, stateHash: string) => ({
      id: newId(),
      appId,
      sessionId: newId(),
      provider: "demo",
      stateHash,
      browserHash: "",
      sealedSecrets: Buffer.concat([Buffer.from([1]), randomBytes(60)]),
      askedScopes: [],
      variables: {},
      createdAt: clock,
      expiresAt: clock + 1,
      usedAt: null,
    });
    const grantOf = (secret: SecretRecord, over: Partial<GrantRecord> = {}): GrantRecord => ({
      id: newId(),
      appId: secret.appId,
      secretId: secret.id,
      provider: secret.provider,
      principalType: "system",
      principalId: null,
      label: null,
      status: "active",
      allowRetrieve: false,
      createdAt: clock,
      expiresAt: null,
      revokedAt: null,
      account: null,
      policy: null,
      data: null,
      ...over,
    });
    async function stored(appId: string, over: Partial<SecretRecord> = {}) {
      const secret = secretOf(appId, over);
      const grant = grantOf(secret);
      expect(await given.store.insertSecret(secret, grant)).toBe(true);
      return { secret, grant };
    }

    test("apps: a name is taken once", async () => {
      expect(await given.store.insertApp({ id: newId(), name: `app ${given.appA}`, createdAt: clock })).toBe(false);
      expect((await given.store.listApps()).map(({ id }) => id)).toEqual([given.appA, given.appB]);
      expect(await given.store.findApp(newId())).toBeNull();
    });

    test("API keys: found by id, revoked only by their app, the first revocation stays", async () => {
      const key = {
        id: "abcdefghij012345",
        appId: given.appA,
        name: "k",
        scopes: ["proxy:execute", "audit:read"] as const,
        sealedSigningKey: randomBytes(70),
        agentId: null,
        cidrs: null,
        requestsPerMinute: null,
        deprecatedAt: null,
        createdAt: 5,
        expiresAt: null,
        revokedAt: null,
      };
      await given.store.insertApiKey(key);
      const found = await given.store.findApiKey(key.id);
      expect(found).toMatchObject({ appId: given.appA, scopes: ["proxy:execute", "audit:read"], revokedAt: null });
      expect(Buffer.compare(found?.sealedSigningKey ?? Buffer.alloc(0), key.sealedSigningKey)).toBe(0);
      expect(await given.store.revokeApiKey(given.appB, key.id, 7)).toBeNull();
      expect((await given.store.findApiKey(key.id))?.revokedAt).toBeNull();
      expect((await given.store.revokeApiKey(given.appA, key.id, 8))?.revokedAt).toBe(8);
      expect((await given.store.revokeApiKey(given.appA, key.id, 9))?.revokedAt).toBe(8);
      expect(await given.store.listApiKeys(given.appB)).toEqual([]);
    });

    test("secrets: what belongs to another app does not exist", async () => {
      const { secret, grant } = await stored(given.appA);
      expect(await given.store.findSecret(given.appB, secret.id)).toBeNull();
      expect(await given.store.findGrant(given.appB, grant.id)).toBeNull();
      expect(await given.store.updateSecret(given.appB, secret.id, { name: "x", at: 1 })).toBeNull();
      expect(await given.store.deleteSecret(given.appB, secret.id, 1)).toBeNull();
      expect(await given.store.revokeGrant(given.appB, grant.id, 1)).toBeNull();
      expect(await given.store.updateGrant(given.appB, grant.id, { label: "x" })).toBeNull();
      expect(await given.store.findGrantsByProvider(given.appB, { provider: "demo" }, [SYSTEM], 10)).toEqual([]);
      expect((await given.store.listSecrets(given.appB, { after: null, skip: 0, limit: 10 })).records).toEqual([]);
      expect(
        (await given.store.listGrants(given.appB, { now: 0 }, { after: null, skip: 0, limit: 10 })).records,
      ).toEqual([]);
      expect((await given.store.findGrant(given.appA, grant.id))?.secret?.id).toBe(secret.id);
    });

    test("secrets: a name belongs to one secret of an app, and neither secret nor grant is written when it is taken", async () => {
      const { secret } = await stored(given.appA, { name: "one" });
      const twin = secretOf(given.appA, { name: "one" });
      const twinGrant = grantOf(twin);
      expect(await given.store.insertSecret(twin, twinGrant)).toBe(false);
      expect(await given.store.findGrant(given.appA, twinGrant.id)).toBeNull();
      await stored(given.appB, { name: "one" });
      const other = await stored(given.appA, { name: "two" });
      expect(await given.store.updateSecret(given.appA, other.secret.id, { name: "one", at: 2 })).toBe("taken");
      expect(await given.store.updateSecret(given.appA, secret.id, { name: "one", at: 2 })).toMatchObject({
        name: "one",
      });
    });

    test("secrets: a new value raises the version and leaves the grants alone", async () => {
      const { secret, grant } = await stored(given.appA);
      const sealed = randomBytes(61);
      const updated = await given.store.updateSecret(given.appA, secret.id, { value: { sealed }, at: 99 });
      expect(updated).toMatchObject({ version: 2, updatedAt: 99 });
      const found = await given.store.findGrant(given.appA, grant.id);
      expect(Buffer.compare(found?.secret?.sealedValue ?? Buffer.alloc(0), sealed)).toBe(0);
      expect(
        await given.store.updateSecret(given.appA, secret.id, { allowedHosts: ["b.example.com"], at: 100 }),
      ).toMatchObject({
        version: 2,
        allowedHosts: ["b.example.com"],
      });
    });

    test("secrets: deletion takes the value away and leaves its grants as deleted", async () => {
      const { secret, grant } = await stored(given.appA);
      expect((await given.store.deleteSecret(given.appA, secret.id, 50))?.id).toBe(secret.id);
      expect(await given.store.findSecret(given.appA, secret.id)).toBeNull();
      expect(await given.store.findGrant(given.appA, grant.id)).toMatchObject({
        grant: { status: "deleted", revokedAt: 50 },
        secret: null,
      });
      expect(await given.store.deleteSecret(given.appA, secret.id, 51)).toBeNull();
    });

    test("grants: revoked once", async () => {
      const { grant } = await stored(given.appA);
      expect((await given.store.revokeGrant(given.appA, grant.id, 10))?.status).toBe("revoked");
      expect(await given.store.revokeGrant(given.appA, grant.id, 11)).toBeNull();
      expect(await given.store.findGrantsByProvider(given.appA, { provider: "demo" }, [SYSTEM], 10)).toEqual([]);
    });

    test("grants: listed by provider and by status, expired ones apart", async () => {
      const { secret } = await stored(given.appA, { provider: "one" });
      await stored(given.appA, { provider: "two" });
      await given.store.insertGrant(grantOf(secret, { expiresAt: 1_000 }));
      const list = async (filter: { provider?: string; status?: "active" | "expired" | "revoked" }) =>
        (await given.store.listGrants(given.appA, { now: 2_000, ...filter }, { after: null, skip: 0, limit: 10 }))
          .records.length;
      expect(await list({})).toBe(3);
      expect(await list({ provider: "one" })).toBe(2);
      expect(await list({ provider: "one", status: "active" })).toBe(1);
      expect(await list({ status: "expired" })).toBe(1);
      expect(await list({ status: "revoked" })).toBe(0);
    });

    test("lists: pages by cursor and by skip see every record once", async () => {
      const ids: string[] = [];
      for (let i = 0; i < 25; i++) ids.push((await stored(given.appA)).secret.id);
      const byCursor: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await given.store.listSecrets(given.appA, { after, skip: 0, limit: 10 });
        expect(page.total).toBe(25);
        byCursor.push(...page.records.map(({ id }) => id));
        if (!page.hasMore) break;
        after = page.records.at(-1)?.id ?? null;
      }
      expect(byCursor).toEqual(ids);
      const skipped = await given.store.listSecrets(given.appA, { after: null, skip: 20, limit: 10 });
      expect(skipped.records.map(({ id }) => id)).toEqual(ids.slice(20));
      expect(skipped.hasMore).toBe(false);
    });

    test("data keys: one active per app", async () => {
      const key = { appId: given.appA, masterKeyId: "m1", wrapped: randomBytes(60), active: true, createdAt: 1 };
      const [first, second] = [newId(), newId()];
      await given.store.insertDataKey({ ...key, id: first });
      await given.store.insertDataKey({ ...key, id: second });
      await given.store.rewrapDataKey(first, "m2", Buffer.from("fake-wrapped"));
      const keys = await given.store.listDataKeys();
      expect(keys.filter(({ active }) => active).map(({ id }) => id)).toEqual([second]);
      expect(keys.find(({ id }) => id === first)).toMatchObject({ masterKeyId: "m2" });
      expect([await given.store.deleteDataKey(second), await given.store.deleteDataKey(newId())]).toEqual([
        false,
        false,
      ]);
      expect(await given.store.deleteDataKey(first)).toBe(true);
      expect((await given.store.listDataKeys()).map(({ id }) => id)).toEqual([second]);
    });

    test("sealed records: each is met once, and replaced only when it is still what it was", async () => {
      const seen: string[] = [];
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.push(`secret:${(await stored(given.appA)).secret.id}`);
      await given.store.insertApiKey({
        id: "keykeykeykey0001",
        appId: given.appA,
        name: "k",
        scopes: ["audit:read"],
        sealedSigningKey: randomBytes(70),
        agentId: null,
        cidrs: null,
        requestsPerMinute: null,
        deprecatedAt: null,
        createdAt: 1,
        expiresAt: null,
        revokedAt: null,
      });
      made.push("api_key:keykeykeykey0001");
      for (const [index, appId] of [given.appA, given.appB].entries()) {
        const grant = oauthGrant(appId);
        await given.store.insertOAuthGrant(grant, oauthCredential(grant));
        const config = await given.store.putProviderConfig(providerConfig(appId));
        const idp = idpRecord(appId);
        await given.store.insertIdp(idp);
        made.push(`identity_provider:${idp.id}`);
        const attempt = connectAttempt(appId, `state-${index}`);
        await given.store.insertConnectAttempt(attempt);
        made.push(`oauth_credential:${grant.id}`, `provider_config:${config.id}`, `connect_attempt:${attempt.id}`);
        const call = {
          id: newId(),
          appId,
          userId: null,
          requestHash: "",
          entryId: newId(),
          claimedAt: 1,
          expiresAt: 2,
        };
        await given.store.claimToolCall({ ...call, state: "open" }, 1);
        await given.store.settleToolCall(appId, call.id, call.entryId, "answered", randomBytes(60));
        made.push(`tool_call:${call.id}`);
      }
      let after: string | null = "";
      while (after !== null) {
        const { records, next }: Awaited<ReturnType<Store["sealedRecords"]>> = await given.store.sealedRecords(
          after,
          3,
        );
        for (const { context, sealed } of records) {
          seen.push(context.record);
          const change = { context, before: Buffer.from("not what is there"), after: Buffer.from("fake") };
          expect(await given.store.replaceSealed([change])).toBe(0);
          const right = { ...change, before: sealed, after: Buffer.concat([sealed, Buffer.from([1])]) };
          expect(await given.store.replaceSealed([change, right])).toBe(1);
        }
        after = next;
      }
      expect(seen.toSorted()).toEqual(made.toSorted());
      expect((await given.store.countSealed()).total).toBe(made.length);
    });

    test("sealed records: the context of each is the one it was sealed with, and another app's is not touched", async () => {
      const grant = oauthGrant(given.appA);
      await given.store.insertOAuthGrant(grant, oauthCredential(grant));
      const config = await given.store.putProviderConfig(providerConfig(given.appA));
      const attempt = connectAttempt(given.appA, "state");
      await given.store.insertConnectAttempt(attempt);
      const found = new Map<string, Uint8Array>();
      let after: string | null = "";
      while (after !== null) {
        const { records, next }: Awaited<ReturnType<Store["sealedRecords"]>> = await given.store.sealedRecords(
          after,
          1,
        );
        for (const { context, sealed } of records) {
          found.set(`${context.appId} ${context.record} ${context.field}`, sealed);
          const change = { context: { ...context, appId: given.appB }, before: sealed, after: Buffer.from("fake") };
          expect(await given.store.replaceSealed([change])).toBe(0);
        }
        after = next;
      }
      expect([...found.keys()].toSorted()).toEqual(
        [
          `${given.appA} oauth_credential:${grant.id} tokens`,
          `${given.appA} provider_config:${config.id} client`,
          `${given.appA} connect_attempt:${attempt.id} secrets`,
        ].toSorted(),
      );
      const { total, byKey } = await given.store.countSealed();
      expect([total, [...byKey.values()].reduce((sum, n) => sum + n, 0)]).toEqual([3, 3]);
    });

    test("settings: the first value stays", async () => {
      expect(await given.store.getSetting("s")).toBeNull();
      await given.store.insertSetting("s", Buffer.from("one"));
      expect(Buffer.from(await given.store.insertSetting("s", Buffer.from("two"))).toString()).toBe("one");
    });

    test("everything is there again after a restart", async () => {
      const { secret, grant } = await stored(given.appA);
      await given.reopen();
      expect((await given.store.findGrant(given.appA, grant.id))?.secret).toMatchObject({
        id: secret.id,
        allowedHosts: ["api.example.com"],
      });
      expect((await given.store.findApp(given.appA))?.id).toBe(given.appA);
    });

    logContract(open);
    oauthCredentialContract(open);
    providerContract(open);
    connectContract(open);
    policyContract(open);
    limitContract(open);
    approvalContract(open);
    toolCallContract(open);
    identityContract(open);
    agentContract(open);
    userKeyContract(open);
    erasureContract(open);
    retentionContract(open);
  });
}
