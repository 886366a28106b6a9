import assert from "node:assert/strict";
import process from "node:process";
import { Visitor } from "./visitor.ts";
import { startWorld, type World } from "./world.ts";

/**
 * A notebook with a login, two users and two agents. Each user decides which agent may work for them; each sees what their
 * agents did, out of the vault's audit log, and nothing of the other's.
 *
 * `--once` has both users go through it, checks what they see, and ends. Otherwise it stays up for you to try.
 */
const world = await startWorld();
try {
  if (process.argv.includes("--once")) await goThrough(world);
  else {
    process.stdout.write(`The notebook is at ${world.url}\nLog in as Ada or Bob. Ctrl-C stops it.\n`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
  }
} finally {
  await world.stop();
}

async function goThrough({ url, vault, agents, tracker }: World): Promise<void> {
  const [ada, bob] = [new Visitor(url), new Visitor(url)];
  let adas = await ada.logInAs("person-1");
  let bobs = await bob.logInAs("person-2");
  assert.match(adas, /<h1>Ada's notebook/);
  assert.match(bobs, /<h1>Bob's notebook/);

  // Nobody was let in yet.
  adas = await ada.press(adas, "Ask scout");
  assert.match(adas, /scout may not do that for you \(no_delegated_grant\)/);
  assert.deepEqual(tracker.readBy, []);

  adas = await ada.press(await ada.press(adas, "Engage scout"), "Ask scout");
  assert.match(adas, /scout found: Ada&#39;s door is stuck, Ada&#39;s lamp is out/);
  bobs = await bob.press(await bob.press(bobs, "Engage scribe"), "Ask scribe");
  assert.match(bobs, /scribe found: Bob&#39;s door is stuck/);
  assert.deepEqual(tracker.readBy, ["person-1", "person-2"]);

  // Ada's agent is hers alone: for Bob it finds nothing.
  bobs = await bob.press(bobs, "Ask scout");
  assert.match(bobs, /scout may not do that for you \(no_delegated_grant\)/);

  // Taken back, it is over with the next call.
  adas = await ada.press(await ada.press(adas, "Dismiss scout"), "Ask scout");
  assert.match(adas, /scout may not do that for you/);
  assert.deepEqual(tracker.readBy, ["person-1", "person-2"]);

  // Calls of the app itself are for the user of the request, too.
  assert.deepEqual(JSON.parse(await ada.open("/issues")), ["Ada's door is stuck", "Ada's lamp is out"]);
  assert.deepEqual(JSON.parse(await bob.open("/issues")), ["Bob's door is stuck", "Bob's lamp is out"]);
  assert.equal((await fetch(`${url}/issues`)).status, 401);

  assert.deepEqual(rows(await ada.open("/")), [
    ["scout", "refused: no_delegated_grant"],
    ["scout", "allowed, 200"],
    ["scout", "refused: no_delegated_grant"],
  ]);
  assert.deepEqual(rows(await bob.open("/")), [
    ["scout", "refused: no_delegated_grant"],
    ["scribe", "allowed, 200"],
  ]);

  // The same, asked of the log itself: both identities are in each line.
  const [scout, scribe] = agents;
  const { entries } = await vault.listAudit();
  const users = (agentId: string | undefined): number =>
    new Set(entries.filter((entry) => entry.agentId === agentId).map(({ userId }) => userId)).size;
  assert.deepEqual([users(scout?.agentId), users(scribe?.agentId)], [2, 1]);
  assert.ok(entries.every((entry) => !JSON.stringify(entry).includes("fake-tracker-token")));
  process.stdout.write(`Two users, two agents: each saw what theirs did, and nothing else.\n`);
}

/** Agent and result of each line of the page, newest first. */
function rows(page: string): string[][] {
  return [...page.matchAll(/<tr><td>([^<]*)<\/td>.*?<td>([^<]*)<\/td><\/tr>/g)].map(([, agent = "", result = ""]) => [
    agent,
    result,
  ]);
}
