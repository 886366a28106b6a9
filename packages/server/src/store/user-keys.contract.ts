import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  bytes,
  eachWithStoreOfTwo,
  newId,
  oauthCredential,
  oauthGrant,
  type StoreUnderTest,
} from "./contract.test-support.ts";
import type { UserKeyRecord } from "./user-key-records.ts";

/** Keys of users: one active each, older ones stay to open what they sealed. */
export function userKeyContract(open: () => Promise<StoreUnderTest>): void {
  describe("keys of users", () => {
    const given = eachWithStoreOfTwo(open);
    const keyOf = (userId: string, over: Partial<UserKeyRecord> = {}): UserKeyRecord => ({
      id: newId(),
      appId: given.appA,
      userId,
      sealedKey: Buffer.concat([Buffer.from([1]), randomBytes(60)]),
      createdAt: 10,
      ...over,
    });

    test("come back as they were put, and another app's do not exist", async () => {
      const { store, appA, appB } = given;
      const key = keyOf("ada");
      expect((await store.insertUserKey(key, null))?.id).toBe(key.id);
      await given.reopen();
      const found = await given.store.findUserKey(appA, key.id);
      expect({ ...found, sealedKey: bytes(found?.sealedKey) }).toEqual({ ...key, sealedKey: bytes(key.sealedKey) });
      expect((await given.store.findActiveUserKey(appA, "ada"))?.id).toBe(key.id);
      expect(await given.store.findUserKey(appB, key.id)).toBeNull();
      expect(await given.store.findActiveUserKey(appB, "ada")).toBeNull();
      expect(await given.store.activeUserKeys(appB, ["ada"])).toEqual([]);
    });

    test("of many who make the first one at once, all get the same", async () => {
      const made = await Promise.all(Array.from({ length: 8 }, () => given.store.insertUserKey(keyOf("ada"), null)));
      expect(new Set(made.map((key) => key?.id)).size).toBe(1);
    });

    test("a new one takes the place of the one it was made for, and of no other", async () => {
      const { store, appA } = given;
      const [first, second, late] = [keyOf("ada"), keyOf("ada", { createdAt: 20 }), keyOf("ada")];
      const eve = keyOf("eve");
      await store.insertUserKey(first, null);
      await store.insertUserKey(eve, null);
      expect((await store.insertUserKey(second, first.id))?.id).toBe(second.id);
      expect((await store.insertUserKey(late, first.id))?.id).toBe(second.id);
      expect(await store.findUserKey(appA, late.id)).toBeNull();
      expect((await store.findUserKey(appA, first.id))?.userId).toBe("ada");
      expect(
        (await store.activeUserKeys(appA, ["ada", "eve", "nobody"])).toSorted((a, b) => a.createdAt - b.createdAt),
      ).toEqual([
        { id: eve.id, userId: "eve", createdAt: 10 },
        { id: second.id, userId: "ada", createdAt: 20 },
      ]);
    });

    test("what is sealed again is known by its user, and counted by keys of apps only", async () => {
      const { store, appA } = given;
      const grant = oauthGrant(appA, { principalType: "user", principalId: "ada" });
      const sealedTokens = Buffer.concat([Buffer.from([2]), randomBytes(60)]);
      await store.insertOAuthGrant(grant, oauthCredential(grant, { userId: "ada", sealedTokens }));
      const key = keyOf("ada");
      await store.insertUserKey(key, null);
      const { records } = await store.sealedRecords("oauth_credential:", 10);
      expect(records.map(({ context }) => context.userId)).toEqual(["ada"]);
      const counted = await store.countSealed();
      expect([counted.total, [...counted.byKey.values()], counted.staleUserKeys]).toEqual([2, [1], 0]);
      const ofApp = { id: newId(), appId: appA, masterKeyId: "m", wrapped: randomBytes(8), active: true };
      await store.insertDataKey({ ...ofApp, createdAt: key.createdAt + 1 });
      expect((await store.countSealed()).staleUserKeys).toBe(1);
    });
  });
}
