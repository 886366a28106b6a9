import type { AuditEntry } from "@alter-vault/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Trouble } from "../harness/fake-provider/behaviour.ts";
import type { Registration } from "../harness/fake-provider/registration.ts";
import { startOAuthVault, type OAuthVault } from "../harness/oauth-vault.ts";
import { startRefresher } from "../harness/refresher-child.ts";

/*
 * Refresh tokens that work once, with a provider that ends the grant when one comes back: whoever refreshes twice locks
 * the user out.
 */
const PROVIDER = "airtable";
const TARGET = "https://api.airtable.com/v0/fake-probe";
const CALLERS = 200;

function refreshRequests({ fake }: OAuthVault): number {
  return fake.requests.filter(({ endpoint }) => endpoint === "refresh").length;
}

async function expire(vault: OAuthVault, grantId: string): Promise<void> {
  const ends = (await vault.credential(grantId))?.tokenExpiresAt ?? 0;
  vault.clock.advance(ends - vault.clock.now());
}

async function entryOf({ operator }: OAuthVault, id: string | undefined): Promise<AuditEntry | undefined> {
  const { entries } = await operator.call("listAudit", { query: { limit: 20 } });
  return entries.find(({ entry_id }) => entry_id === id);
}

describe("one process", () => {
  let vault: OAuthVault;
  let airtable: Registration;
  let grantId: string;
  beforeAll(async () => {
    vault = await startOAuthVault();
    airtable = await vault.configure(PROVIDER);
    grantId = (await vault.connect(PROVIDER)).grant_id;
  });
  afterAll(() => vault.stop());

  const callTogether = async (): Promise<Set<unknown>> => {
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => vault.call(grantId, TARGET)));
    return new Set(answers.map(({ status, problem }) => problem?.code ?? status));
  };

  test("200 calls on an expired grant: one refresh, and nobody sees an error", async () => {
    airtable.behaviour.delayMs = 100;
    await expire(vault, grantId);
    expect(await callTogether()).toEqual(new Set([200]));
    expect(refreshRequests(vault)).toBe(1);
    expect(airtable.book.families.map(({ refreshes, reuses }) => ({ refreshes, reuses }))).toEqual([
      { refreshes: 1, reuses: 0 },
    ]);
    airtable.behaviour.delayMs = 0;
  });

  test("200 calls whose token the provider ended early: one refresh, and nobody sees an error", async () => {
    airtable.behaviour.delayMs = 100;
    const before = refreshRequests(vault);
    for (const token of airtable.book.accessTokens.values()) token.alive = false;
    expect(await callTogether()).toEqual(new Set([200]));
    expect(refreshRequests(vault) - before).toBe(1);
    airtable.behaviour.delayMs = 0;
  });

  test("while it is slow, callers wait for it", async () => {
    airtable.behaviour.delayMs = 1500;
    const before = refreshRequests(vault);
    await expire(vault, grantId);
    expect(await callTogether()).toEqual(new Set([200]));
    expect(refreshRequests(vault) - before).toBe(1);
    airtable.behaviour.delayMs = 0;
  });
});

/*
 * Each one has its vault, so that the slowest, whose provider never answers, keeps only itself waiting.
 */
describe("the provider", () => {
  test.concurrent.for<[string, Trouble]>([
    ["fails", "500"],
    ["has too much to do", "429"],
    ["says that it is not there", "transient"],
    ["answers garbage", "garbage"],
    ["closes the connection", "drop"],
    ["never answers", "hang"],
  ])("%s: a named error, the grant lives, and works again by itself", async ([, trouble], { expect }) => {
    const vault = await startOAuthVault();
    try {
      const { behaviour, book } = await vault.configure(PROVIDER);
      const { grant_id: grantId } = await vault.connect(PROVIDER);
      behaviour.tokenTrouble.push(trouble);
      await expire(vault, grantId);
      const calls = vault.fake.apiCalls.length;
      const refused = await vault.call(grantId, TARGET);
      expect(refused.problem).toMatchObject({ code: "token_refresh_failed", retryable: true });
      expect(vault.fake.apiCalls).toHaveLength(calls);
      const outcome = { outcome: "vault_error", outcome_code: "token_refresh_failed" };
      await expect.poll(() => entryOf(vault, refused.problem?.request_id)).toMatchObject(outcome);
      expect(await vault.credential(grantId)).toMatchObject({ state: "failing", failures: 1 });
      expect(await vault.operator.call("getGrant", { id: grantId })).toMatchObject({ status: "active" });

      // Nobody calls; the vault looks after it.
      vault.clock.advance(10_000);
      await expect.poll(async () => (await vault.credential(grantId))?.state, { timeout: 15_000 }).toBe("ok");
      expect((await vault.call(grantId, TARGET)).status).toBe(200);
      expect(book.families).toMatchObject([{ refreshes: 1, reuses: 0, alive: true }]);
      vault.fake.expectNoViolations();
    } finally {
      await vault.stop();
    }
  });

  test("takes the refresh, and its answer is lost: the old token is tried once more", async () => {
    const vault = await startOAuthVault();
    const { behaviour, book } = await vault.configure(PROVIDER);
    behaviour.grace = "until-successor-is-used";
    const { grant_id: grantId } = await vault.connect(PROVIDER);
    behaviour.tokenTrouble.push("lost");
    await expire(vault, grantId);
    expect((await vault.call(grantId, TARGET)).problem).toMatchObject({ code: "token_refresh_failed" });
    vault.clock.advance(10_000);
    expect((await vault.call(grantId, TARGET)).status).toBe(200);
    expect(book.families).toMatchObject([{ refreshes: 2, forgiven: 1, reuses: 0, alive: true }]);
    await vault.stop();
  });

  test("refuses the client: the operator is told, and the user need not connect again", async () => {
    const vault = await startOAuthVault();
    const { behaviour } = await vault.configure(PROVIDER);
    const { grant_id: grantId } = await vault.connect(PROVIDER);
    behaviour.tokenTrouble.push("bad-client");
    await expire(vault, grantId);
    expect((await vault.call(grantId, TARGET)).problem).toMatchObject({ code: "provider_client_rejected" });
    vault.clock.advance(60_000);
    expect((await vault.call(grantId, TARGET)).status).toBe(200);
    await vault.stop();
  });
});

test("four processes, 50 callers each, one expired grant: one refresh", async () => {
  const vault = await startOAuthVault();
  const { behaviour, book } = await vault.configure(PROVIDER);
  behaviour.lifetimeSeconds = 1;
  const { grant_id: grantId } = await vault.connect(PROVIDER);
  behaviour.lifetimeSeconds = null;
  behaviour.delayMs = 300;
  await vault.stopVault();
  const { place, appId, fake } = vault;
  const order = { ...place, appId, grants: [{ grantId, apiUrl: TARGET }], callers: CALLERS / 4 };
  const children = Array.from({ length: 4 }, () => startRefresher({ ...order, task: "together", writesLog: false }));
  expect(await Promise.all(children.map((child) => child.next()))).toEqual(children.map(() => ({ ready: true })));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const child of children) child.go();
  const reports = await Promise.all(children.map((child) => child.next()));
  const newest = [...book.accessTokens.keys()].at(-1);
  expect(reports).toEqual(children.map(() => ({ outcomes: [newest] })));
  expect(book.families).toMatchObject([{ refreshes: 1, reuses: 0, alive: true }]);
  expect(refreshRequests(vault)).toBe(1);
  await Promise.all(children.map((child) => child.ended()));
  fake.expectNoViolations();
  await vault.stop();
});
