import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Behaviour } from "../harness/fake-provider/behaviour.ts";
import { startOAuthVault } from "../harness/oauth-vault.ts";
import type { Family } from "../harness/fake-provider/token-book.ts";
import {
  startRefresher,
  type RefresherChild,
  type RefresherGrant,
  type RefresherOrder,
} from "../harness/refresher-child.ts";

/*
 * `kill -9` at random moments while refresh tokens rotate, on the real store, with a provider that ends the grant when a
 * used-up refresh token comes back. After each one a new process goes on with what is on the disk: the provider takes it,
 * every time. The moments come from a seed that is printed; ALTER_TEST_SEED runs the same ones again.
 */
const KILLS = 100;
/** Each kill hits all three of them, each at a moment of its own. */
const ACCOUNTS = [
  { provider: "airtable", apiUrl: "https://api.airtable.com/v0/fake-probe" },
  { provider: "atlassian", apiUrl: "https://api.atlassian.com/fake-probe" },
  { provider: "linear", apiUrl: "https://api.linear.app/fake-probe" },
];
/** How real providers forgive a client that died before it could store the answer; without any of it, nobody could. */
const LANES: readonly Behaviour["grace"][] = ["until-successor-is-used", 60];
/** A refresh takes a few milliseconds; this is a handful of them. */
const LONGEST_MS = 30;
const seed = Number(process.env["ALTER_TEST_SEED"] ?? Date.now() % 1_000_000);

/** mulberry32: small, and the same everywhere. */
function random(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killOverAndOver(grace: Behaviour["grace"], lane: number): Promise<Family[]> {
  const dice = random(seed + lane);
  const vault = await startOAuthVault();
  const grants: RefresherGrant[] = [];
  for (const { provider, apiUrl } of ACCOUNTS) {
    const { behaviour } = await vault.configure(provider);
    behaviour.grace = grace;
    behaviour.reuseEndsGrant = true;
    grants.push({ grantId: (await vault.connect(provider)).grant_id, apiUrl });
  }
  await vault.stopVault();
  const { place, appId, fake } = vault;
  const order: RefresherOrder = { ...place, appId, grants, writesLog: true, task: "forever", callers: 1 };
  await compileOnce(order);
  for (let kill = 0; kill <= KILLS / LANES.length; kill++) {
    const child = startRefresher(order);
    await allRefreshed(child, grants, `after ${kill} kills, seed ${seed}, lane ${lane}`);
    await sleep(dice() * LONGEST_MS);
    await child.kill();
  }
  fake.expectNoViolations();
  await vault.stop();
  return ACCOUNTS.flatMap(({ provider }) => fake.at(provider).book.families);
}

/** A process that was killed leaves nothing compiled behind. */
async function compileOnce(order: RefresherOrder): Promise<void> {
  const child = startRefresher({ ...order, task: "together" });
  await child.next();
  child.go();
  await child.next();
  await child.ended();
}

/** The first thing a process does is to go on where the one before was killed. */
async function allRefreshed(child: RefresherChild, grants: readonly RefresherGrant[], where: string): Promise<void> {
  const waiting = new Set(grants.map(({ grantId }) => grantId));
  while (waiting.size > 0) {
    const report = await child.next();
    if (!("refreshed" in report)) throw new Error(`${where}: ${JSON.stringify(report)}`);
    waiting.delete(report.refreshed);
  }
}

test("kill -9 at 300 random moments while refresh tokens rotate: the grant works, every time", async () => {
  console.info(`seed ${seed}`);
  const families = (await Promise.all(LANES.map(killOverAndOver))).flat();
  expect(families).toHaveLength(LANES.length * ACCOUNTS.length);
  for (const family of families) expect(family).toMatchObject({ alive: true, reuses: 0 });
  // Refreshes whose answer was lost: the moments that matter were among them.
  expect(families.reduce((sum, { forgiven }) => sum + forgiven, 0)).toBeGreaterThan(10);
}, 180_000);
