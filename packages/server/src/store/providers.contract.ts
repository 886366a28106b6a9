import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addTwoApps, bytes, newId, providerConfig, type StoreUnderTest } from "./contract.test-support.ts";
import type { ProviderConfigRecord, Store } from "./store.ts";

/** How apps are known at providers, and entries of their own. */
export function providerContract(open: () => Promise<StoreUnderTest>): void {
  describe("providers", () => {
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

    const readable = (config: ProviderConfigRecord | null) => ({
      ...config,
      sealedClient: bytes(config?.sealedClient),
    });

    test("a configuration is found as it was written, after a restart too", async () => {
      const all = providerConfig(appA);
      const least = providerConfig(appA, {
        provider: "another",
        allowedScopes: null,
        redirectUri: "fake-name",
        grantSchema: null,
        variables: {},
        hasPrivateKey: true,
      });
      expect(readable(await store.putProviderConfig(all))).toEqual(readable(all));
      await store.putProviderConfig(least);
      store = await under.reopen();
      expect(readable(await store.findProviderConfig(appA, "demo"))).toEqual(readable(all));
      const listed = await store.listProviderConfigs(appA);
      expect(listed.map(readable)).toEqual([readable(least), readable(all)]);
      expect(await store.findProviderConfig(appA, "nothing")).toBeNull();
    });

    test("another configuration of the same provider takes its place, under the id and time of the first", async () => {
      const first = providerConfig(appA);
      await store.putProviderConfig(first);
      const second = providerConfig(appA, { clientId: "fake-2", createdAt: 20, updatedAt: 20 });
      const stored = await store.putProviderConfig(second);
      expect(readable(stored)).toEqual(readable({ ...second, id: first.id, createdAt: 10 }));
      expect(await store.listProviderConfigs(appA)).toHaveLength(1);
    });

    test("configurations of another app do not exist", async () => {
      await store.putProviderConfig(providerConfig(appA));
      expect(await store.findProviderConfig(appB, "demo")).toBeNull();
      expect(await store.listProviderConfigs(appB)).toEqual([]);
      expect(await store.deleteProviderConfig(appB, "demo")).toBeNull();
      const theirs = providerConfig(appB, { clientId: "fake-theirs" });
      expect(await store.putProviderConfig(theirs)).toMatchObject({ id: theirs.id });
      expect(await store.findProviderConfig(appA, "demo")).toMatchObject({ clientId: "fake-client" });
    });

    test("a deleted configuration is given back once", async () => {
      const config = providerConfig(appA);
      await store.putProviderConfig(config);
      expect(await store.deleteProviderConfig(appA, "demo")).toMatchObject({ id: config.id });
      expect(await store.deleteProviderConfig(appA, "demo")).toBeNull();
      expect(await store.findProviderConfig(appA, "demo")).toBeNull();
    });

    test("entries of an app are its own, replaced in place, and in the order of their ids", async () => {
      const entry = { appId: appA, provider: "zeta", definition: '{"id":"zeta"}', createdAt: 1 };
      await store.putCustomProvider(entry);
      await store.putCustomProvider({ ...entry, provider: "alpha" });
      await store.putCustomProvider({ ...entry, definition: '{"id":"zeta","name":"2"}', createdAt: 9 });
      const zeta = { ...entry, definition: '{"id":"zeta","name":"2"}' };
      expect(await store.findCustomProvider(appA, "zeta")).toEqual(zeta);
      expect((await store.listCustomProviders(appA)).map(({ provider }) => provider)).toEqual(["alpha", "zeta"]);
      expect(await store.findCustomProvider(appB, "zeta")).toBeNull();
      expect(await store.listCustomProviders(appB)).toEqual([]);
      expect(await store.deleteCustomProvider(appB, "zeta")).toBeNull();
      expect(await store.deleteCustomProvider(appA, "zeta")).toEqual(zeta);
      expect(await store.deleteCustomProvider(appA, "zeta")).toBeNull();
      expect(await store.findCustomProvider(appA, newId())).toBeNull();
    });
  });
}
