import { randomBytes } from "node:crypto";
import type { InjectionRule } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentContract } from "./agents.contract.ts";
import { approvalContract } from "./approvals.contract.ts";
import { erasureContract } from "./erasure.contract.ts";
import { connectContract } from "./connect.contract.ts";
import {
  idpRecord,
  newId,
  oauthCredential,
  oauthGrant,
  providerConfig,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import { identityContract } from "./identity.contract.ts";
import { limitContract } from "./limits.contract.ts";
import { policyContract } from "./policies.contract.ts";
import { oauthCredentialContract } from "./oauth-credentials.contract.ts";
import { providerContract } from "./providers.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { toolCallContract } from "./tool-calls.contract.ts";
import { userKeyContract } from "./user-keys.contract.ts";
import { SYSTEM, type GrantRecord } from "./grant-records.ts";
import type { ChainHead, Link, LogAppend } from "./log-records.ts";
import type { SecretRecord, Store } from "./store.ts";

const clock = 1_700_000_000_000;
const bearer: InjectionRule = { kind: "bearer" };

/** What every store must do, run against each driver. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let appA: string;
    let appB: string;

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
      expect(await store.insertSecret(secret, grant)).toBe(true);
      return { secret, grant };
    }

    beforeEach(async () => {
      under = await open();
      store = under.store;
      appA = newId();
      appB = newId();
      await store.insertApp({ id: appA, name: `a ${appA}`, createdAt: clock });
      await store.insertApp({ id: appB, name: `b ${appB}`, createdAt: clock });
    });
    afterEach(() => under.close());

    test("apps: a name is taken once", async () => {
      expect(await store.insertApp({ id: newId(), name: `a ${appA}`, createdAt: clock })).toBe(false);
      expect((await store.listApps()).map(({ id }) => id)).toEqual([appA, appB]);
      expect(await store.findApp(newId())).toBeNull();
    });

    test("API keys: found by id, revoked only by their app, the first revocation stays", async () => {
      const key = {
        id: "abcdefghij012345",
        appId: appA,
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
      await store.insertApiKey(key);
      const found = await store.findApiKey(key.id);
      expect(found).toMatchObject({ appId: appA, scopes: ["proxy:execute", "audit:read"], revokedAt: null });
      expect(Buffer.compare(found?.sealedSigningKey ?? Buffer.alloc(0), key.sealedSigningKey)).toBe(0);
      expect(await store.revokeApiKey(appB, key.id, 7)).toBeNull();
      expect((await store.findApiKey(key.id))?.revokedAt).toBeNull();
      expect((await store.revokeApiKey(appA, key.id, 8))?.revokedAt).toBe(8);
      expect((await store.revokeApiKey(appA, key.id, 9))?.revokedAt).toBe(8);
      expect(await store.listApiKeys(appB)).toEqual([]);
    });

    test("secrets: what belongs to another app does not exist", async () => {
      const { secret, grant } = await stored(appA);
      expect(await store.findSecret(appB, secret.id)).toBeNull();
      expect(await store.findGrant(appB, grant.id)).toBeNull();
      expect(await store.updateSecret(appB, secret.id, { name: "x", at: 1 })).toBeNull();
      expect(await store.deleteSecret(appB, secret.id, 1)).toBeNull();
      expect(await store.revokeGrant(appB, grant.id, 1)).toBeNull();
      expect(await store.updateGrant(appB, grant.id, { label: "x" })).toBeNull();
      expect(await store.findGrantsByProvider(appB, { provider: "demo" }, [SYSTEM], 10)).toEqual([]);
      expect((await store.listSecrets(appB, { after: null, skip: 0, limit: 10 })).records).toEqual([]);
      expect((await store.listGrants(appB, { now: 0 }, { after: null, skip: 0, limit: 10 })).records).toEqual([]);
      expect((await store.findGrant(appA, grant.id))?.secret?.id).toBe(secret.id);
    });

    test("secrets: a name belongs to one secret of an app, and neither secret nor grant is written when it is taken", async () => {
      const { secret } = await stored(appA, { name: "one" });
      const twin = secretOf(appA, { name: "one" });
      const twinGrant = grantOf(twin);
      expect(await store.insertSecret(twin, twinGrant)).toBe(false);
      expect(await store.findGrant(appA, twinGrant.id)).toBeNull();
      await stored(appB, { name: "one" });
      const other = await stored(appA, { name: "two" });
      expect(await store.updateSecret(appA, other.secret.id, { name: "one", at: 2 })).toBe("taken");
      expect(await store.updateSecret(appA, secret.id, { name: "one", at: 2 })).toMatchObject({ name: "one" });
    });

    test("secrets: a new value raises the version and leaves the grants alone", async () => {
      const { secret, grant } = await stored(appA);
      const sealed = randomBytes(61);
      const updated = await store.updateSecret(appA, secret.id, { value: { sealed }, at: 99 });
      expect(updated).toMatchObject({ version: 2, updatedAt: 99 });
      const found = await store.findGrant(appA, grant.id);
      expect(Buffer.compare(found?.secret?.sealedValue ?? Buffer.alloc(0), sealed)).toBe(0);
      expect(await store.updateSecret(appA, secret.id, { allowedHosts: ["b.example.com"], at: 100 })).toMatchObject({
        version: 2,
        allowedHosts: ["b.example.com"],
      });
    });

    test("secrets: deletion takes the value away and leaves its grants as deleted", async () => {
      const { secret, grant } = await stored(appA);
      expect((await store.deleteSecret(appA, secret.id, 50))?.id).toBe(secret.id);
      expect(await store.findSecret(appA, secret.id)).toBeNull();
      expect(await store.findGrant(appA, grant.id)).toMatchObject({
        grant: { status: "deleted", revokedAt: 50 },
        secret: null,
      });
      expect(await store.deleteSecret(appA, secret.id, 51)).toBeNull();
    });

    test("grants: revoked once", async () => {
      const { grant } = await stored(appA);
      expect((await store.revokeGrant(appA, grant.id, 10))?.status).toBe("revoked");
      expect(await store.revokeGrant(appA, grant.id, 11)).toBeNull();
      expect(await store.findGrantsByProvider(appA, { provider: "demo" }, [SYSTEM], 10)).toEqual([]);
    });

    test("grants: listed by provider and by status, expired ones apart", async () => {
      const { secret } = await stored(appA, { provider: "one" });
      await stored(appA, { provider: "two" });
      await store.insertGrant(grantOf(secret, { expiresAt: 1_000 }));
      const list = async (filter: { provider?: string; status?: "active" | "expired" | "revoked" }) =>
        (await store.listGrants(appA, { now: 2_000, ...filter }, { after: null, skip: 0, limit: 10 })).records.length;
      expect(await list({})).toBe(3);
      expect(await list({ provider: "one" })).toBe(2);
      expect(await list({ provider: "one", status: "active" })).toBe(1);
      expect(await list({ status: "expired" })).toBe(1);
      expect(await list({ status: "revoked" })).toBe(0);
    });

    test("lists: pages by cursor and by skip see every record once", async () => {
      const ids: string[] = [];
      for (let i = 0; i < 25; i++) ids.push((await stored(appA)).secret.id);
      const byCursor: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await store.listSecrets(appA, { after, skip: 0, limit: 10 });
        expect(page.total).toBe(25);
        byCursor.push(...page.records.map(({ id }) => id));
        if (!page.hasMore) break;
        after = page.records.at(-1)?.id ?? null;
      }
      expect(byCursor).toEqual(ids);
      const skipped = await store.listSecrets(appA, { after: null, skip: 20, limit: 10 });
      expect(skipped.records.map(({ id }) => id)).toEqual(ids.slice(20));
      expect(skipped.hasMore).toBe(false);
    });

    test("data keys: one active per app", async () => {
      const key = { appId: appA, masterKeyId: "m1", wrapped: randomBytes(60), active: true, createdAt: 1 };
      const [first, second] = [newId(), newId()];
      await store.insertDataKey({ ...key, id: first });
      await store.insertDataKey({ ...key, id: second });
      await store.rewrapDataKey(first, "m2", Buffer.from("fake-wrapped"));
      const keys = await store.listDataKeys();
      expect(keys.filter(({ active }) => active).map(({ id }) => id)).toEqual([second]);
      expect(keys.find(({ id }) => id === first)).toMatchObject({ masterKeyId: "m2" });
      expect([await store.deleteDataKey(second), await store.deleteDataKey(newId())]).toEqual([false, false]);
      expect(await store.deleteDataKey(first)).toBe(true);
      expect((await store.listDataKeys()).map(({ id }) => id)).toEqual([second]);
    });

    test("sealed records: each is met once, and replaced only when it is still what it was", async () => {
      const seen: string[] = [];
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.push(`secret:${(await stored(appA)).secret.id}`);
      await store.insertApiKey({
        id: "keykeykeykey0001",
        appId: appA,
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
      for (const [index, appId] of [appA, appB].entries()) {
        const grant = oauthGrant(appId);
        await store.insertOAuthGrant(grant, oauthCredential(grant));
        const config = await store.putProviderConfig(providerConfig(appId));
        const idp = idpRecord(appId);
        await store.insertIdp(idp);
        made.push(`identity_provider:${idp.id}`);
        const attempt = connectAttempt(appId, `state-${index}`);
        await store.insertConnectAttempt(attempt);
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
        await store.claimToolCall({ ...call, state: "open" }, 1);
        await store.settleToolCall(appId, call.id, call.entryId, "answered", randomBytes(60));
        made.push(`tool_call:${call.id}`);
      }
      let after: string | null = "";
      while (after !== null) {
        const { records, next }: Awaited<ReturnType<Store["sealedRecords"]>> = await store.sealedRecords(after, 3);
        for (const { context, sealed } of records) {
          seen.push(context.record);
          const change = { context, before: Buffer.from("not what is there"), after: Buffer.from("fake") };
          expect(await store.replaceSealed([change])).toBe(0);
          const right = { ...change, before: sealed, after: Buffer.concat([sealed, Buffer.from([1])]) };
          expect(await store.replaceSealed([change, right])).toBe(1);
        }
        after = next;
      }
      expect(seen.toSorted()).toEqual(made.toSorted());
      expect((await store.countSealed()).total).toBe(made.length);
    });

    test("sealed records: the context of each is the one it was sealed with, and another app's is not touched", async () => {
      const grant = oauthGrant(appA);
      await store.insertOAuthGrant(grant, oauthCredential(grant));
      const config = await store.putProviderConfig(providerConfig(appA));
      const attempt = connectAttempt(appA, "state");
      await store.insertConnectAttempt(attempt);
      const found = new Map<string, Uint8Array>();
      let after: string | null = "";
      while (after !== null) {
        const { records, next }: Awaited<ReturnType<Store["sealedRecords"]>> = await store.sealedRecords(after, 1);
        for (const { context, sealed } of records) {
          found.set(`${context.appId} ${context.record} ${context.field}`, sealed);
          const change = { context: { ...context, appId: appB }, before: sealed, after: Buffer.from("fake") };
          expect(await store.replaceSealed([change])).toBe(0);
        }
        after = next;
      }
      expect([...found.keys()].toSorted()).toEqual(
        [
          `${appA} oauth_credential:${grant.id} tokens`,
          `${appA} provider_config:${config.id} client`,
          `${appA} connect_attempt:${attempt.id} secrets`,
        ].toSorted(),
      );
      const { total, byKey } = await store.countSealed();
      expect([total, [...byKey.values()].reduce((sum, n) => sum + n, 0)]).toEqual([3, 3]);
    });

    test("settings: the first value stays", async () => {
      expect(await store.getSetting("s")).toBeNull();
      await store.insertSetting("s", Buffer.from("one"));
      expect(Buffer.from(await store.insertSetting("s", Buffer.from("two"))).toString()).toBe("one");
    });

    describe("log", () => {
      const link: Link = (head) => ({ seq: head.seq + 1, hash: Buffer.from([head.seq + 1]) });
      const start: ChainHead = { seq: 0, hash: new Uint8Array(32) };
      const entry = (
        over: {
          appId?: string | null;
          body?: object;
          nonce?: string;
          at?: number;
          kind?: "entry" | "outcome";
          id?: string;
        } = {},
      ): LogAppend => ({
        draft: {
          kind: over.kind ?? "entry",
          entryId: over.id ?? newId(),
          appId: over.appId === undefined ? appA : over.appId,
          at: over.at ?? 1_000,
          body: JSON.stringify(over.body ?? { decision: "allow" }),
        },
        nonce: over.nonce === undefined ? null : { created: 100, keyId: "k", nonce: over.nonce },
      });

      test("a replayed nonce is left out with no place in the chain; its neighbours are written", async () => {
        const first = await store.appendLog("main", start, [entry({ nonce: "n1" }), entry({ nonce: "n2" })], link);
        expect(first.results).toEqual(["written", "written"]);
        const second = await store.appendLog(
          "main",
          first.head,
          [entry({ nonce: "n3" }), entry({ nonce: "n1" }), entry({ nonce: "n3" }), entry()],
          link,
        );
        expect(second.results).toEqual(["written", "replayed", "replayed", "written"]);
        expect(second.head.seq).toBe(4);
        expect((await store.readChain("main", 0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
        expect((await store.chainHead("main")).seq).toBe(4);
      });

      test("nonces survive a restart and are forgotten when they are old", async () => {
        const { head } = await store.appendLog(
          "main",
          start,
          [{ draft: null, nonce: { created: 100, keyId: "k", nonce: "n" } }],
          link,
        );
        expect(head.seq).toBe(0);
        store = await under.reopen();
        const again = await store.appendLog("main", head, [entry({ nonce: "n" })], link);
        expect(again.results).toEqual(["replayed"]);
        await store.forgetNonces(101, 10);
        expect((await store.appendLog("main", again.head, [entry({ nonce: "n" })], link)).results).toEqual(["written"]);
      });

      test("the same nonce of two keys is two nonces", async () => {
        const of = (keyId: string): LogAppend => ({ draft: null, nonce: { created: 1, keyId, nonce: "n" } });
        expect((await store.appendLog("main", start, [of("a"), of("b"), of("a")], link)).results).toEqual([
          "written",
          "written",
          "replayed",
        ]);
      });

      test("the chain of a process that is known to have ended is there for the next, with what is in it", async () => {
        const { writer, head } = await store.openChain("a process");
        const written = await store.appendLog(writer, head, [entry(), entry()], link);
        await store.endProcess("a process", 1);
        await store.endProcess("a process that was never there", 1);
        const next = await store.openChain("another");
        expect([next.writer, next.head.seq]).toEqual([writer, written.head.seq]);
      });

      test("an append that fails writes nothing at all", async () => {
        const id = newId();
        const failing = [entry({ id, nonce: "x" }), entry({ id })];
        await expect(store.appendLog("main", start, failing, link)).rejects.toThrow();
        expect((await store.chainHead("main")).seq).toBe(0);
        expect((await store.appendLog("main", start, [entry({ nonce: "x" })], link)).results).toEqual(["written"]);
      });

      test("entries come with their outcomes, newest or oldest first, page by page", async () => {
        const ids = Array.from({ length: 5 }, newId);
        const appends = ids.flatMap((id) => [entry({ id }), entry({ id, kind: "outcome", body: { outcome: "done" } })]);
        await store.appendLog("main", start, [...appends, entry({ appId: appB }), entry({ appId: null })], link);
        const filter = { refs: {}, since: null, until: null };
        const newest = await store.listEntries(appA, filter, { from: null, order: "newest", limit: 2 });
        expect(newest.map(({ entry: row }) => row.entryId)).toEqual([ids[4], ids[3]]);
        expect(newest[0]?.outcome?.body).toContain("done");
        const following = await store.listEntries(appA, filter, {
          from: newest[1]?.cursor ?? null,
          order: "newest",
          limit: 10,
        });
        expect(following.map(({ entry: row }) => row.entryId)).toEqual([ids[2], ids[1], ids[0]]);
        const oldest = await store.listEntries(appA, filter, { from: null, order: "oldest", limit: 10 });
        expect(oldest.map(({ entry: row }) => row.entryId)).toEqual(ids);
        expect(await store.listEntries(null, filter, { from: null, order: "oldest", limit: 10 })).toHaveLength(1);
        expect(await store.findEntry(appB, ids[0] ?? "")).toBeNull();
        expect((await store.findEntry(appA, ids[0] ?? ""))?.outcome).not.toBeNull();
      });

      test("entries are found by run, thread, tool call, grant and agent, and by time", async () => {
        const wanted = {
          decision: "allow",
          context: { run_id: "r1", thread_id: "t1", tool_call_id: "c1" },
          grant_id: "g1",
          caller: { identifier: "bot" },
        };
        await store.appendLog(
          "main",
          start,
          [
            entry({ body: wanted, at: 10 }),
            entry({ body: { ...wanted, context: { run_id: "r2" } }, at: 20 }),
            entry({ at: 30 }),
          ],
          link,
        );
        while ((await store.indexLog(2)) > 0) continue;
        const find = async (refs: object, since: number | null = null, until: number | null = null) =>
          (await store.listEntries(appA, { refs, since, until }, { from: null, order: "oldest", limit: 10 })).map(
            ({ entry: row }) => row.seq,
          );
        expect(await find({ run_id: "r1" })).toEqual([1]);
        expect(await find({ thread_id: "t1", tool_call_id: "c1" })).toEqual([1]);
        expect(await find({ grant_id: "g1", agent: "bot" })).toEqual([1, 2]);
        expect(await find({ run_id: "r2", thread_id: "t1" })).toEqual([]);
        expect(await find({ run_id: "nobody" })).toEqual([]);
        expect(await find({}, 20)).toEqual([2, 3]);
        expect(await find({}, 10, 30)).toEqual([1, 2]);
      });

      test("checkpoints are kept in order", async () => {
        const checkpoint = { writer: "main", hash: Buffer.from("h"), at: 1, signature: Buffer.from("s") };
        await store.insertCheckpoint({ ...checkpoint, seq: 9 });
        await store.insertCheckpoint({ ...checkpoint, seq: 4 });
        expect((await store.listCheckpoints("main")).map(({ seq }) => seq)).toEqual([4, 9]);
      });
    });

    test("everything is there again after a restart", async () => {
      const { secret, grant } = await stored(appA);
      store = await under.reopen();
      expect((await store.findGrant(appA, grant.id))?.secret).toMatchObject({
        id: secret.id,
        allowedHosts: ["api.example.com"],
      });
      expect((await store.findApp(appA))?.id).toBe(appA);
    });

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
