import { expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { markImported, originOf } from "./imported-vault.ts";

const clockAt = (ms: number): Clock => ({ now: () => ms, monotonic: () => ms });
const AT = 1_800_000_000_000;

test("a vault that nobody imported takes what is signed at any time", async () => {
  const store = openSqliteStore(":memory:");
  expect(await originOf(store, clockAt(AT))).toEqual({ signedAfter: 0, news: null });
  await store.close();
});

test("the first start says from when on; later ones, other replicas and clocks that go wrong keep to it", async () => {
  const store = openSqliteStore(":memory:");
  await markImported(store, { id: "x", madeAt: 1, at: AT - 5_000_000 });
  const first = await originOf(store, clockAt(AT + 1));
  expect(first).toEqual({ signedAfter: AT / 1000 + 61, news: { id: "x", madeAt: 1, at: AT - 5_000_000 } });
  const later = { signedAfter: first.signedAfter, news: null };
  expect(await originOf(store, clockAt(AT + 3_600_000))).toEqual(later);
  // Set back by an hour: what was signed with the clock of before is not taken for as long as it could be.
  expect((await originOf(store, clockAt(AT - 3_600_000))).signedAfter).toBe(AT / 1000 - 3_600 + 60);
  await store.close();
});
