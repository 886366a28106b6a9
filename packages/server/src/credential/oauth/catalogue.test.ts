import { findProvider, PROVIDER_IDS, type Provider } from "@alter-vault/providers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../store/store.ts";
import { findEntry, isCustomEntry, listEntries } from "./catalogue.ts";

const [APP_A, APP_B] = ["app-a", "app-b"];

let store: Store;
beforeEach(async () => {
  store = openSqliteStore(":memory:");
  for (const id of [APP_A, APP_B]) await store.insertApp({ id, name: id, createdAt: 1 });
});
afterEach(() => store.close());

function entryLike(over: Partial<Provider>): string {
  return JSON.stringify({ ...findProvider("linear"), aliases: [], ...over });
}

async function add(appId: string, provider: string, definition: string): Promise<void> {
  await store.putCustomProvider({ appId, provider, definition, createdAt: 1 });
}

test("an entry of the catalogue is found by id and by alias, the same object each time", async () => {
  const google = await findEntry(store, APP_A, "google");
  expect(google).toBe(findProvider("google"));
  const alias = google?.aliases[0] ?? "";
  expect(alias).not.toBe("");
  expect(await findEntry(store, APP_A, alias)).toBe(google);
  expect(google && isCustomEntry(google)).toBe(false);
  expect(await findEntry(store, APP_A, "no-such-provider")).toBeNull();
});

test("an app's own entry is found by id and by alias, by that app alone", async () => {
  await add(APP_A, "acme", entryLike({ id: "acme", name: "Acme", aliases: ["acme-crm"] }));
  const acme = await findEntry(store, APP_A, "acme");
  expect(acme).toMatchObject({ id: "acme", name: "Acme" });
  expect(acme && isCustomEntry(acme)).toBe(true);
  expect(await findEntry(store, APP_A, "acme-crm")).toBe(acme);
  expect(await findEntry(store, APP_B, "acme")).toBeNull();
  expect(await findEntry(store, APP_B, "acme-crm")).toBeNull();
});

test("a replaced entry is the new one at once", async () => {
  await add(APP_A, "acme", entryLike({ id: "acme", name: "One" }));
  expect(await findEntry(store, APP_A, "acme")).toMatchObject({ name: "One" });
  await add(APP_A, "acme", entryLike({ id: "acme", name: "Two" }));
  expect(await findEntry(store, APP_A, "acme")).toMatchObject({ name: "Two" });
});

test("an entry of an id that the catalogue has taken since stays the app's own, and an alias gives way", async () => {
  await add(APP_A, "github", entryLike({ id: "github", name: "Mine" }));
  await add(APP_A, "acme", entryLike({ id: "acme", aliases: ["slack"] }));
  expect(await findEntry(store, APP_A, "github")).toMatchObject({ name: "Mine" });
  expect(await findEntry(store, APP_A, "slack")).toBe(findProvider("slack"));
  expect(await findEntry(store, APP_B, "github")).toBe(findProvider("github"));
  const listed = await listEntries(store, APP_A);
  expect(listed.filter(({ id }) => id === "github").map(({ name }) => name)).toEqual(["Mine"]);
});

test("a stored entry that does not fit the schema is none", async () => {
  await add(APP_A, "acme", JSON.stringify({ id: "acme", name: "Acme" }));
  expect(await findEntry(store, APP_A, "acme")).toBeNull();
  expect((await listEntries(store, APP_A)).map(({ id }) => id)).toEqual(PROVIDER_IDS);
});

test("the list holds both, in the order of their ids", async () => {
  await add(APP_A, "acme", entryLike({ id: "acme" }));
  const ids = (await listEntries(store, APP_A)).map(({ id }) => id);
  expect(ids).toEqual([...PROVIDER_IDS, "acme"].toSorted());
  expect((await listEntries(store, APP_B)).map(({ id }) => id)).toEqual(PROVIDER_IDS);
});

test("more entries than are kept in memory are all found", async () => {
  for (let i = 0; i < 120; i++) await add(APP_A, `acme-${i}`, entryLike({ id: `acme-${i}` }));
  for (const i of [0, 60, 119]) expect(await findEntry(store, APP_A, `acme-${i}`)).toMatchObject({ id: `acme-${i}` });
  expect(await listEntries(store, APP_A)).toHaveLength(PROVIDER_IDS.length + 120);
});
