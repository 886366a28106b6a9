import { expect, test } from "vitest";
import type { Store } from "../store/store.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { apiKeyRecord } from "./api-key.test-support.ts";
import { findAsker } from "./asker.ts";
import { createKeyRates } from "./key-use.ts";
import type { UserTokens } from "./user-token.ts";

const key = apiKeyRecord({ requestsPerMinute: 2 });
const nonce = { created: 1_000, keyId: "key", nonce: "once" };

async function use(store: Store): Promise<void> {
  const { writer, head } = await store.openChain("main");
  await store.appendLog(writer, head, [{ draft: null, nonce }], (last) => last);
}

test("a request that was written down already is none of the uses of its key", async () => {
  const store = openSqliteStore(":memory:");
  const keyRates = createKeyRates();
  const userTokens: UserTokens = { verify: () => Promise.reject(new Error("nobody asks")) };
  const ask = (text: string) =>
    findAsker(
      { store, keyRates, userTokens },
      { key, headers: {}, address: null, now: 0, nonce: { ...nonce, nonce: text } },
    );
  expect(await ask("once")).toMatchObject({ ok: true });
  await use(store);
  for (let copy = 0; copy < 5; copy++)
    expect(await ask("once")).toMatchObject({ ok: false, code: "request_replayed", rule: "identity.replay" });
  expect(await ask("twice")).toMatchObject({ ok: true });
  expect(await ask("three times")).toMatchObject({ ok: false, code: "rate_limited" });
  await store.close();
});
