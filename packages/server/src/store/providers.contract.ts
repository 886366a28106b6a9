import { describe, expect, test } from "vitest";
import { eachWithStoreOfTwo, bytes, newId, providerConfig, type StoreUnderTest } from "./contract.test-support.ts";
import type { ProviderConfigRecord } from "./provider-records.ts";

/** How apps are known at providers, and entries of their own. */
export function providerContract(open: () => Promise<StoreUnderTest>): void {
  describe("providers", () => {
    const given = eachWithStoreOfTwo(open);

    const readable = (config: ProviderConfigRecord | null) => ({
      ...config,
      sealedClient: bytes(config?.sealedClient),
    });

    test("a configuration is found as it was written, after a restart too", async () => {
      const all = providerConfig(given.appA);
      const least = providerConfig(given.appA, {
        provider: "another",
        allowedScopes: null,
        redirectUri: "fake-name",
        grantSchema: null,
        variables: {},
        hasPrivateKey: true,
      });
      expect(readable(await given.store.putProviderConfig(all))).toEqual(readable(all));
      await given.store.putProviderConfig(least);
      await given.reopen();
      expect(readable(await given.store.findProviderConfig(given.appA, "demo"))).toEqual(readable(all));
      const listed = await given.store.listProviderConfigs(given.appA);
      expect(listed.map(readable)).toEqual([readable(least), readable(all)]);
      expect(await given.store.findProviderConfig(given.appA, "nothing")).toBeNull();
    });

    test("another configuration of the same provider takes its place, under the id and time of the first", async () => {
      const first = providerConfig(given.appA);
      await given.store.putProviderConfig(first);
      const second = providerConfig(given.appA, { clientId: "fake-2", createdAt: 20, updatedAt: 20 });
      const stored = await given.store.putProviderConfig(second);
      expect(readable(stored)).toEqual(readable({ ...second, id: first.id, createdAt: 10 }));
      expect(await given.store.listProviderConfigs(given.appA)).toHaveLength(1);
    });

    test("configurations of another app do not exist", async () => {
      await given.store.putProviderConfig(providerConfig(given.appA));
      expect(await given.store.findProviderConfig(given.appB, "demo")).toBeNull();
      expect(await given.store.listProviderConfigs(given.appB)).toEqual([]);
      expect(await given.store.deleteProviderConfig(given.appB, "demo")).toBeNull();
      const theirs = providerConfig(given.appB, { clientId: "fake-theirs" });
      expect(await given.store.putProviderConfig(theirs)).toMatchObject({ id: theirs.id });
      expect(await given.store.findProviderConfig(given.appA, "demo")).toMatchObject({ clientId: "fake-client" });
    });

    test("a deleted configuration is given back once", async () => {
      const config = providerConfig(given.appA);
      await given.store.putProviderConfig(config);
      expect(await given.store.deleteProviderConfig(given.appA, "demo")).toMatchObject({ id: config.id });
      expect(await given.store.deleteProviderConfig(given.appA, "demo")).toBeNull();
      expect(await given.store.findProviderConfig(given.appA, "demo")).toBeNull();
    });

    test("entries of an app are its own, replaced in place, and in the order of their ids", async () => {
      const entry = { appId: given.appA, provider: "zeta", definition: '{"id":"zeta"}', createdAt: 1 };
      await given.store.putCustomProvider(entry);
      await given.store.putCustomProvider({ ...entry, provider: "alpha" });
      await given.store.putCustomProvider({ ...entry, definition: '{"id":"zeta","name":"2"}', createdAt: 9 });
      const zeta = { ...entry, definition: '{"id":"zeta","name":"2"}' };
      expect(await given.store.findCustomProvider(given.appA, "zeta")).toEqual(zeta);
      expect((await given.store.listCustomProviders(given.appA)).map(({ provider }) => provider)).toEqual([
        "alpha",
        "zeta",
      ]);
      expect(await given.store.findCustomProvider(given.appB, "zeta")).toBeNull();
      expect(await given.store.listCustomProviders(given.appB)).toEqual([]);
      expect(await given.store.deleteCustomProvider(given.appB, "zeta")).toBeNull();
      expect(await given.store.deleteCustomProvider(given.appA, "zeta")).toEqual(zeta);
      expect(await given.store.deleteCustomProvider(given.appA, "zeta")).toBeNull();
      expect(await given.store.findCustomProvider(given.appA, newId())).toBeNull();
    });
  });
}
