import { randomBytes } from "node:crypto";
import type { ConnectedGrant } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, bytes, newId, type StoreUnderTest } from "./contract.test-support.ts";
import type { ConnectAttemptRecord, ConnectSessionRecord } from "./connect-records.ts";

/** Connect: sessions, attempts and what an app says about its front end. */
export function connectContract(open: () => Promise<StoreUnderTest>): void {
  describe("connect", () => {
    const given = eachWithStoreOfTwo(open);

    async function session(over: Partial<ConnectSessionRecord> = {}): Promise<ConnectSessionRecord> {
      const record: ConnectSessionRecord = {
        id: newId(),
        appId: given.appA,
        tokenHash: `hash-${newId()}`,
        options: '{"allowed_providers":["demo"]}',
        status: "pending",
        grants: [],
        error: null,
        createdAt: 100,
        expiresAt: 700,
        ...over,
      };
      await given.store.insertConnectSession(record);
      return record;
    }
    async function attempt(sessionId: string, over: Partial<ConnectAttemptRecord> = {}): Promise<ConnectAttemptRecord> {
      const record: ConnectAttemptRecord = {
        id: newId(),
        appId: given.appA,
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
      await given.store.insertConnectAttempt(record);
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
      await given.reopen();
      expect(await given.store.findConnectSession(made.tokenHash)).toEqual(made);
      expect(await given.store.findConnectSession("another")).toBeNull();
      expect(await given.store.findConnectSessionById(given.appA, made.id)).toEqual(made);
      expect(await given.store.findConnectSessionById(given.appB, made.id)).toBeNull();
      expect(await given.store.changeConnectSession(given.appB, made.id, { status: "denied" })).toBeNull();
      expect(await given.store.findConnectSession(made.tokenHash)).toEqual(made);
    });

    test("a session gathers grants and errors while it is pending, and nothing afterwards", async () => {
      const { id } = await session();
      const [one, two] = [newId(), newId()];
      const error = { code: "connect_denied", detail: "no", providerId: "demo" };
      expect(await given.store.changeConnectSession(given.appA, id, { error })).toMatchObject({
        status: "pending",
        error,
      });
      expect(await given.store.changeConnectSession(given.appA, id, { grant: grant(one), error: null })).toMatchObject({
        error: null,
        grants: [{ grant_id: one }],
      });
      await given.store.changeConnectSession(given.appA, id, { grant: grant(two) });
      const again = grant(one, { operation: "reauth" });
      const changed = await given.store.changeConnectSession(given.appA, id, { grant: again });
      expect(changed?.grants).toEqual([grant(two), again]);
      expect(await given.store.changeConnectSession(given.appA, id, { status: "completed" })).toMatchObject({
        status: "completed",
        grants: [{ grant_id: two }, { grant_id: one }],
      });
      for (const change of [{ status: "pending" }, { error }, { grant: grant(newId()) }] as const) {
        expect(await given.store.changeConnectSession(given.appA, id, change)).toBeNull();
      }
      expect(await given.store.findConnectSessionById(given.appA, id)).toMatchObject({
        status: "completed",
        error: null,
      });
    });

    test("an attempt is taken once, and later comers see when", async () => {
      const made = await attempt((await session()).id);
      expect(readable(await given.store.takeConnectAttempt(made.stateHash, 200))).toEqual(readable(made));
      expect(await given.store.takeConnectAttempt(made.stateHash, 300)).toMatchObject({ usedAt: 200 });
      await given.reopen();
      expect(await given.store.takeConnectAttempt(made.stateHash, 400)).toMatchObject({ usedAt: 200 });
      expect(await given.store.takeConnectAttempt("another", 400)).toBeNull();
    });

    test("two who take an attempt at the same moment do not both get it", async () => {
      const made = await attempt((await session()).id);
      const taken = await Promise.all([1, 2, 3].map((at) => given.store.takeConnectAttempt(made.stateHash, at)));
      expect(taken.filter((record) => record?.usedAt === null)).toHaveLength(1);
    });

    test("the newest attempt of a session is found without using it up, by its app alone", async () => {
      const { id } = await session();
      await attempt(id);
      const newest = await attempt(id, { browserHash: "" });
      await attempt((await session()).id);
      expect(readable(await given.store.findConnectAttempt(given.appA, id))).toEqual(readable(newest));
      expect(await given.store.findConnectAttempt(given.appA, id)).toMatchObject({ usedAt: null });
      expect(await given.store.findConnectAttempt(given.appB, id)).toBeNull();
      expect(await given.store.findConnectAttempt(given.appA, newId())).toBeNull();
    });

    test("what ended long ago is forgotten, a few at a time", async () => {
      const old = await session({ expiresAt: 100 });
      const alive = await session({ expiresAt: 900 });
      await attempt(old.id, { expiresAt: 100 });
      await attempt(old.id, { expiresAt: 100 });
      const kept = await attempt(alive.id, { expiresAt: 900 });
      expect(await given.store.forgetConnectSessions(100, 10)).toBe(0);
      let forgotten = 0;
      for (let round = 0; round < 3; round++) forgotten += await given.store.forgetConnectSessions(101, 1);
      expect(forgotten).toBe(3);
      expect(await given.store.findConnectSession(old.tokenHash)).toBeNull();
      expect(await given.store.findConnectAttempt(given.appA, old.id)).toBeNull();
      expect(await given.store.findConnectSession(alive.tokenHash)).toEqual(alive);
      expect(readable(await given.store.findConnectAttempt(given.appA, alive.id))).toEqual(readable(kept));
    });

    test("settings are an app's own, and replaced as a whole", async () => {
      const settings = {
        display_name: "Ada's app",
        website_url: null,
        return_urls: ["https://app.example.com/done"],
        origins: ["https://app.example.com"],
      };
      expect(await given.store.findConnectSettings(given.appA)).toBeNull();
      await given.store.putConnectSettings(given.appA, settings);
      await given.store.putConnectSettings(given.appA, { ...settings, return_urls: [] });
      await given.reopen();
      expect(await given.store.findConnectSettings(given.appA)).toEqual({ ...settings, return_urls: [] });
      expect(await given.store.findConnectSettings(given.appB)).toBeNull();
    });
  });
}
