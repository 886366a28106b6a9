import { randomBytes } from "node:crypto";
import type { ConnectedGrant } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addTwoApps, bytes, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { ConnectAttemptRecord, ConnectSessionRecord, Store } from "./store.ts";

/** Connect: sessions, attempts and what an app says about its front end. */
export function connectContract(open: () => Promise<StoreUnderTest>): void {
  describe("connect", () => {
    let under: StoreUnderTest;
    let store: Store;
    let appA: string;
    let appB: string;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      [appA, appB] = await addTwoApps(store);
    });
    afterEach(() => under.close());

    async function session(over: Partial<ConnectSessionRecord> = {}): Promise<ConnectSessionRecord> {
      const record: ConnectSessionRecord = {
        id: newId(),
        appId: appA,
        tokenHash: `hash-${newId()}`,
        options: '{"allowed_providers":["demo"]}',
        status: "pending",
        grants: [],
        error: null,
        createdAt: 100,
        expiresAt: 700,
        ...over,
      };
      await store.insertConnectSession(record);
      return record;
    }
    async function attempt(sessionId: string, over: Partial<ConnectAttemptRecord> = {}): Promise<ConnectAttemptRecord> {
      const record: ConnectAttemptRecord = {
        id: newId(),
        appId: appA,
        sessionId,
        provider: "demo",
        stateHash: `state-${newId()}`,
        browserHash: "browser",
        sealedSecrets: randomBytes(60),
        askedScopes: ["read"],
        variables: { tenant: "one" },
        createdAt: 100,
        expiresAt: 700,
        usedAt: null,
        ...over,
      };
      await store.insertConnectAttempt(record);
      return record;
    }
    const grant = (id: string, over: Partial<ConnectedGrant> = {}): ConnectedGrant => ({
      grant_id: id,
      provider: "demo",
      provider_name: "Demo",
      account_identifier: "ada@example.com",
      account_display_name: null,
      scopes: ["read"],
      missing_scopes: [],
      status: "active",
      operation: "creation",
      timestamp: "2026-11-25T00:00:00.000Z",
      expires_at: null,
      grant_policy: null,
      ...over,
    });
    const readable = (record: ConnectAttemptRecord | null) => ({
      ...record,
      sealedSecrets: bytes(record?.sealedSecrets),
    });

    test("a session is found by the hash of its token, and by its id in its app alone", async () => {
      const made = await session();
      store = await under.reopen();
      expect(await store.findConnectSession(made.tokenHash)).toEqual(made);
      expect(await store.findConnectSession("another")).toBeNull();
      expect(await store.findConnectSessionById(appA, made.id)).toEqual(made);
      expect(await store.findConnectSessionById(appB, made.id)).toBeNull();
      expect(await store.changeConnectSession(appB, made.id, { status: "denied" })).toBeNull();
      expect(await store.findConnectSession(made.tokenHash)).toEqual(made);
    });

    test("a session gathers grants and errors while it is pending, and nothing afterwards", async () => {
      const { id } = await session();
      const [one, two] = [newId(), newId()];
      const error = { code: "connect_denied", detail: "no", providerId: "demo" };
      expect(await store.changeConnectSession(appA, id, { error })).toMatchObject({ status: "pending", error });
      expect(await store.changeConnectSession(appA, id, { grant: grant(one), error: null })).toMatchObject({
        error: null,
        grants: [{ grant_id: one }],
      });
      await store.changeConnectSession(appA, id, { grant: grant(two) });
      const again = grant(one, { operation: "reauth" });
      const changed = await store.changeConnectSession(appA, id, { grant: again });
      expect(changed?.grants).toEqual([grant(two), again]);
      expect(await store.changeConnectSession(appA, id, { status: "completed" })).toMatchObject({
        status: "completed",
        grants: [{ grant_id: two }, { grant_id: one }],
      });
      for (const change of [{ status: "pending" }, { error }, { grant: grant(newId()) }] as const) {
        expect(await store.changeConnectSession(appA, id, change)).toBeNull();
      }
      expect(await store.findConnectSessionById(appA, id)).toMatchObject({ status: "completed", error: null });
    });

    test("an attempt is taken once, and later comers see when", async () => {
      const made = await attempt((await session()).id);
      expect(readable(await store.takeConnectAttempt(made.stateHash, 200))).toEqual(readable(made));
      expect(await store.takeConnectAttempt(made.stateHash, 300)).toMatchObject({ usedAt: 200 });
      store = await under.reopen();
      expect(await store.takeConnectAttempt(made.stateHash, 400)).toMatchObject({ usedAt: 200 });
      expect(await store.takeConnectAttempt("another", 400)).toBeNull();
    });

    test("two who take an attempt at the same moment do not both get it", async () => {
      const made = await attempt((await session()).id);
      const taken = await Promise.all([1, 2, 3].map((at) => store.takeConnectAttempt(made.stateHash, at)));
      expect(taken.filter((record) => record?.usedAt === null)).toHaveLength(1);
    });

    test("the newest attempt of a session is found without using it up, by its app alone", async () => {
      const { id } = await session();
      await attempt(id);
      const newest = await attempt(id, { browserHash: "" });
      await attempt((await session()).id);
      expect(readable(await store.findConnectAttempt(appA, id))).toEqual(readable(newest));
      expect(await store.findConnectAttempt(appA, id)).toMatchObject({ usedAt: null });
      expect(await store.findConnectAttempt(appB, id)).toBeNull();
      expect(await store.findConnectAttempt(appA, newId())).toBeNull();
    });

    test("what ended long ago is forgotten, a few at a time", async () => {
      const old = await session({ expiresAt: 100 });
      const alive = await session({ expiresAt: 900 });
      await attempt(old.id, { expiresAt: 100 });
      await attempt(old.id, { expiresAt: 100 });
      const kept = await attempt(alive.id, { expiresAt: 900 });
      expect(await store.forgetConnectSessions(100, 10)).toBe(0);
      let forgotten = 0;
      for (let round = 0; round < 3; round++) forgotten += await store.forgetConnectSessions(101, 1);
      expect(forgotten).toBe(3);
      expect(await store.findConnectSession(old.tokenHash)).toBeNull();
      expect(await store.findConnectAttempt(appA, old.id)).toBeNull();
      expect(await store.findConnectSession(alive.tokenHash)).toEqual(alive);
      expect(readable(await store.findConnectAttempt(appA, alive.id))).toEqual(readable(kept));
    });

    test("settings are an app's own, and replaced as a whole", async () => {
      const settings = {
        display_name: "Ada's app",
        website_url: null,
        return_urls: ["https://app.example.com/done"],
        origins: ["https://app.example.com"],
      };
      expect(await store.findConnectSettings(appA)).toBeNull();
      await store.putConnectSettings(appA, settings);
      await store.putConnectSettings(appA, { ...settings, return_urls: [] });
      store = await under.reopen();
      expect(await store.findConnectSettings(appA)).toEqual({ ...settings, return_urls: [] });
      expect(await store.findConnectSettings(appB)).toBeNull();
    });
  });
}
