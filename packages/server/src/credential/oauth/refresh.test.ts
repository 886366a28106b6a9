import { randomBytes } from "node:crypto";
import { formatUuidV7 } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KnownEntry } from "../../audit/entry.ts";
import type { Recorded } from "../../audit/log.ts";
import { openKeyring, type Keyring } from "../../crypto/keyring.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { StorageUnavailable, type Store } from "../../store/store.ts";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";
import type { Ask } from "../../egress/ask.ts";
import { sealClientSecret } from "./client-secret.ts";
import { createRefresher, type Refresher } from "./refresh.ts";
import { sealTokens } from "./tokens.ts";

const APP = "0190a3f0-0000-7000-8000-00000000000a";
const GRANT = "0190a3f0-0000-7000-8000-00000000000b";
const HOUR = 3_600_000;

let clock = 1_800_000_000_000;
let store: Store;
let keyring: Keyring;
let asked: string[];
let answers: (() => Promise<{ status: number; body: string }>)[];
let entries: KnownEntry[];
let recorded: Recorded;
let refresher: Refresher;

const newId = (): string => formatUuidV7(clock, randomBytes(10));
const json = (status: number, value: unknown) => async () => ({ status, body: JSON.stringify(value) });
const ask: Ask = async ({ body }) => {
  asked.push(new URLSearchParams(body ?? "").get("refresh_token") ?? "");
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  if (!answer) return { ok: false, code: "upstream_unreachable", detail: "nobody is there" };
  return { ok: true, answer: await answer() };
};

function makeRefresher(over: Partial<Store> = {}): Refresher {
  return createRefresher({
    store: { ...store, ...over },
    keyring,
    ask,
    discover: async () => ({ ok: true, issuer: null }),
    allowLoopback: false,
    now: () => clock,
    newId,
    random: () => 0.5,
    sleep: async () => {
      await new Promise((resolve) => setImmediate(resolve));
    },
    log: {
      record: async (_id, entry) => {
        entries.push(entry);
        return recorded;
      },
      outcome: () => undefined,
    },
  });
}

beforeEach(async () => {
  clock = 1_800_000_000_000;
  asked = [];
  entries = [];
  answers = [];
  recorded = "recorded";
  store = openSqliteStore(":memory:");
  const time = { now: () => clock, monotonic: () => clock };
  const provider = {
    name: "test",
    masterKeys: () => [],
    rotate: async () => undefined,
    wrap: async (bytes: Uint8Array) => ({ masterKeyId: "m", bytes: Buffer.from(bytes) }),
    unwrap: async ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes),
  };
  keyring = await openKeyring({ store, provider: provider as never, clock: time, random: randomBytes, newId });
  await store.insertApp({ id: APP, name: "app", createdAt: clock });
  const configId = newId();
  await store.putProviderConfig({
    id: configId,
    appId: APP,
    provider: "microsoft",
    clientId: "client-1",
    sealedClient: await sealClientSecret(keyring, APP, configId, { client_secret: "fake-client-secret" }),
    hasClientSecret: true,
    hasPrivateKey: false,
    variables: {},
    allowedScopes: null,
    defaultScopes: [],
    redirectUri: null,
    grantSchema: null,
    createdAt: clock,
    updatedAt: clock,
  });
  refresher = makeRefresher();
});
afterEach(() => store.close());

async function connected(over: Partial<OAuthCredentialRecord> = {}): Promise<OAuthCredentialRecord> {
  const tokens = { access_token: "fake-access-1", refresh_token: "fake-refresh-1", issued_at: clock };
  const record: OAuthCredentialRecord = {
    id: GRANT,
    appId: APP,
    userId: null,
    provider: "microsoft",
    flow: "authorization_code",
    version: 1,
    sealedTokens: await sealTokens(keyring, { appId: APP, id: GRANT, userId: null }, tokens),
    askedScopes: ["a"],
    grantedScopes: ["a"],
    variables: {},
    tokenExpiresAt: clock - 1,
    refreshExpiresAt: null,
    refreshDueAt: null,
    connectedAt: clock - HOUR,
    refreshedAt: null,
    state: "ok",
    problem: null,
    failingSince: null,
    failures: 0,
    leaseId: null,
    leaseUntil: null,
    ...over,
  };
  await store.insertOAuthGrant(
    {
      id: GRANT,
      appId: APP,
      secretId: null,
      provider: "microsoft",
      principalType: "system",
      principalId: null,
      label: null,
      status: "active",
      allowRetrieve: false,
      createdAt: clock,
      expiresAt: null,
      revokedAt: null,
      account: { id: "ada", identifier: "ada@example.com", name: null },
      policy: null,
      data: null,
    },
    record,
  );
  return record;
}

const current = async (): Promise<OAuthCredentialRecord> => {
  const found = await store.findOAuthCredential(APP, GRANT);
  if (!found) throw new Error("gone");
  return found;
};
const fresh2 = { access_token: "fake-access-2", refresh_token: "fake-refresh-2", expires_in: 3600 };

describe("refreshing", () => {
  test("tokens that are good are not touched, and nothing is written down", async () => {
    const credential = await connected({ tokenExpiresAt: clock + HOUR, connectedAt: clock });
    expect(await refresher.fresh(credential)).toMatchObject({ ok: true, tokens: { access_token: "fake-access-1" } });
    expect(asked).toEqual([]);
    expect(entries).toEqual([]);
  });

  test("expired ones are, and stored before they are handed out", async () => {
    answers = [json(200, fresh2)];
    const fresh = await refresher.fresh(await connected());
    expect(fresh).toMatchObject({
      ok: true,
      tokens: { access_token: "fake-access-2", refresh_token: "fake-refresh-2" },
    });
    expect(await current()).toMatchObject({ version: 2, state: "ok", leaseId: null, tokenExpiresAt: clock + HOUR });
    expect(entries).toMatchObject([{ kind: "credential", action: "credential.refresh", grant_id: GRANT }]);
  });

  test("an answer without a refresh token keeps the old one", async () => {
    answers = [json(200, { access_token: "fake-access-2", expires_in: 3600 })];
    const fresh = await refresher.fresh(await connected());
    expect(fresh).toMatchObject({
      ok: true,
      tokens: { access_token: "fake-access-2", refresh_token: "fake-refresh-1" },
    });
  });

  test("many at once ask the provider once", async () => {
    answers = [json(200, fresh2)];
    const credential = await connected();
    const all = await Promise.all(Array.from({ length: 200 }, () => refresher.fresh(credential)));
    expect(asked).toEqual(["fake-refresh-1"]);
    expect(all.every((one) => one.ok && one.tokens.access_token === "fake-access-2")).toBe(true);
  });

  test("two processes ask the provider once: the second waits for the first", async () => {
    answers = [json(200, fresh2)];
    const credential = await connected();
    const others = Array.from({ length: 4 }, () => makeRefresher());
    const all = await Promise.all(others.map((one) => one.fresh(credential)));
    expect(asked).toEqual(["fake-refresh-1"]);
    expect(all.every((one) => one.ok && one.tokens.access_token === "fake-access-2")).toBe(true);
  });

  test("a lease whose holder died is taken over when it is over", async () => {
    answers = [json(200, fresh2)];
    const credential = await connected({ leaseId: "dead", leaseUntil: clock - 1 });
    expect(await refresher.fresh(credential)).toMatchObject({ ok: true });
    expect(asked.length).toBe(1);
  });

  test("while the token is good for a little, calls go on with it and it is renewed behind them", async () => {
    answers = [json(200, fresh2)];
    const credential = await connected({ tokenExpiresAt: clock + 60_000, connectedAt: clock + 60_000 - HOUR });
    expect(await refresher.fresh(credential)).toMatchObject({ ok: true, tokens: { access_token: "fake-access-1" } });
    await refresher.close();
    expect((await current()).version).toBe(2);
  });

  test("without a durable entry nothing is said to the provider", async () => {
    recorded = "unavailable";
    answers = [json(200, fresh2)];
    expect(await refresher.fresh(await connected())).toMatchObject({ ok: false, code: "audit_unavailable" });
    expect(asked).toEqual([]);
    expect(await current()).toMatchObject({ version: 1, leaseId: null });
  });
});

describe("when the provider does not do it", () => {
  test.each<[string, () => Promise<{ status: number; body: string }>, string, string]>([
    ["invalid_grant", json(400, { error: "invalid_grant" }), "grant_revoked", "reauth_required"],
    ["invalid_client", json(401, { error: "invalid_client" }), "provider_client_rejected", "failing"],
    ["server error", json(503, { error: "temporarily_unavailable" }), "token_refresh_failed", "failing"],
    ["too many", json(429, {}), "token_refresh_failed", "failing"],
    ["garbage", async () => ({ status: 200, body: "<html>oops" }), "token_refresh_failed", "failing"],
    ["an empty answer", async () => ({ status: 200, body: "{}" }), "token_refresh_failed", "failing"],
  ])("%s: a named error, and the tokens stay", async (_name, answer, code, state) => {
    answers = [answer];
    const before = await connected();
    expect(await refresher.fresh(before)).toMatchObject({ ok: false, code });
    const after = await current();
    expect(after).toMatchObject({ state, version: 1, leaseId: null, failures: 1, failingSince: clock });
    expect(Buffer.from(after.sealedTokens).equals(Buffer.from(before.sealedTokens))).toBe(true);
  });

  test("it recovers by itself", async () => {
    answers = [json(503, {}), json(200, fresh2)];
    await refresher.fresh(await connected());
    clock += 60_000;
    expect(await refresher.sweep()).toBe(1);
    expect(await current()).toMatchObject({ state: "ok", problem: null, failures: 0, version: 2 });
  });

  test("not every call knocks at a provider that is down", async () => {
    answers = [json(503, {})];
    await refresher.fresh(await connected());
    for (let calls = 0; calls < 10; calls++) {
      expect(await refresher.fresh(await current())).toMatchObject({ ok: false, code: "token_refresh_failed" });
    }
    expect(asked.length).toBe(1);
    clock += 20_000;
    answers = [json(200, fresh2)];
    expect(await refresher.fresh(await current())).toMatchObject({ ok: true });
  });

  test("a grant called dead is asked for again, and lives when that was a mistake", async () => {
    answers = [json(400, { error: "invalid_grant" }), json(200, fresh2)];
    await refresher.fresh(await connected());
    clock += 5 * 60_000;
    await refresher.sweep();
    expect(await current()).toMatchObject({ state: "ok", version: 2 });
  });

  test("refused because somebody was faster: theirs are the tokens", async () => {
    const credential = await connected();
    answers = [
      async () => {
        const sealedTokens = await sealTokens(
          keyring,
          { appId: APP, id: GRANT, userId: null },
          { access_token: "fake-access-9", issued_at: clock },
        );
        await store.saveRefreshedTokens(APP, GRANT, 1, {
          sealedTokens,
          grantedScopes: [],
          variables: {},
          tokenExpiresAt: clock + HOUR,
          refreshExpiresAt: null,
          refreshDueAt: null,
          at: clock,
        });
        return { status: 400, body: JSON.stringify({ error: "invalid_grant" }) };
      },
    ];
    expect(await refresher.fresh(credential)).toMatchObject({ ok: true, tokens: { access_token: "fake-access-9" } });
    expect((await current()).state).toBe("ok");
  });

  test("without a refresh token the user must connect again, and the provider is left alone", async () => {
    const sealedTokens = await sealTokens(
      keyring,
      { appId: APP, id: GRANT, userId: null },
      { access_token: "fake-access-1", issued_at: clock },
    );
    expect(await refresher.fresh(await connected({ sealedTokens }))).toMatchObject({
      ok: false,
      code: "grant_revoked",
    });
    expect(asked).toEqual([]);
  });
});

describe("when the storage does not do it", () => {
  test("rotated tokens are kept until they are stored, and nobody refreshes twice meanwhile", async () => {
    answers = [json(200, fresh2)];
    let failures = 5;
    const flaky = makeRefresher({
      saveRefreshedTokens: async (...args) => {
        if (failures-- > 0) throw new StorageUnavailable("the disk is full");
        return store.saveRefreshedTokens(...args);
      },
    });
    const credential = await connected();
    const all = await Promise.all([flaky.fresh(credential), flaky.fresh(credential), flaky.fresh(credential)]);
    expect(all.every((one) => one.ok)).toBe(true);
    expect(asked).toEqual(["fake-refresh-1"]);
    expect((await current()).version).toBe(2);
  });
});

describe("after a 401", () => {
  test("tokens that are newer than the refused ones are used as they are", async () => {
    const credential = await connected({ tokenExpiresAt: clock + HOUR, version: 3 });
    expect(await refresher.replace({ ...credential, version: 2 })).toMatchObject({ ok: true });
    expect(asked).toEqual([]);
  });

  test("otherwise they are refreshed, though they looked good", async () => {
    answers = [json(200, fresh2)];
    const credential = await connected({ tokenExpiresAt: clock + HOUR });
    expect(await refresher.replace(credential)).toMatchObject({ ok: true, tokens: { access_token: "fake-access-2" } });
  });

  test("a token that cannot be refreshed is given up only when the provider says that it is dead", async () => {
    const sealedTokens = await sealTokens(
      keyring,
      { appId: APP, id: GRANT, userId: null },
      { access_token: "fake-access-1", issued_at: clock },
    );
    const credential = await connected({ sealedTokens, tokenExpiresAt: null });
    answers = [json(200, { id: "ada" })];
    expect(await refresher.replace(credential)).toBeNull();
    expect((await current()).state).toBe("ok");
    answers = [json(401, { error: { code: "InvalidAuthenticationToken" } })];
    expect(await refresher.replace(credential)).toMatchObject({ ok: false, code: "grant_revoked" });
    expect((await current()).state).toBe("reauth_required");
  });
});
