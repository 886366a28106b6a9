import { setTimeout as sleep } from "node:timers/promises";
import { operatorAt } from "../harness/operator-at.ts";
import type { World } from "./world.ts";

/** What goes wrong meanwhile. */
export interface Trouble {
  kills: number;
  postgres_restarts: number;
  key_rotations: number;
  tokens_ended: number;
}

const KILL_EVERY_MS = 2_500;
const END_TOKENS_EVERY_MS = 700;

export async function makeTrouble(world: World, seconds: number, until: AbortSignal): Promise<Trouble> {
  const trouble: Trouble = { kills: 0, postgres_restarts: 0, key_rotations: 0, tokens_ended: 0 };
  await Promise.all([
    killOnAndOn(world, trouble, until),
    endTokens(world, trouble, until),
    rotateAt(world, trouble, seconds * 250, until),
    restartAt(world, trouble, seconds * 500, until),
    rotateAt(world, trouble, seconds * 750, until),
  ]);
  return trouble;
}

async function killOnAndOn({ replicas }: World, trouble: Trouble, until: AbortSignal): Promise<void> {
  for (let turn = 0; await waited(KILL_EVERY_MS, until); turn++) {
    const replica = replicas[turn % replicas.length];
    await replica?.kill();
    trouble.kills++;
    await replica?.start();
  }
}

/** The providers end access tokens early, so there is something to refresh all the time. */
async function endTokens({ accounts }: World, trouble: Trouble, until: AbortSignal): Promise<void> {
  const registrations = ["airtable", "atlassian", "linear"].map((provider) => accounts.fake.at(provider));
  while (await waited(END_TOKENS_EVERY_MS, until)) {
    // Not those that are new: one that ends on its way to its first use is the provider's own 401.
    const before = accounts.clock.now() - 1_000;
    for (const { book } of registrations) {
      for (const token of book.accessTokens.values()) if (token.issuedAt < before) token.alive = false;
    }
    trouble.tokens_ended++;
  }
}

async function restartAt({ postgres }: World, trouble: Trouble, ms: number, until: AbortSignal): Promise<void> {
  if (!(await waited(ms, until))) return;
  await postgres.restart();
  trouble.postgres_restarts++;
}

async function rotateAt(world: World, trouble: Trouble, ms: number, until: AbortSignal): Promise<void> {
  if (!(await waited(ms, until))) return;
  for (let turn = 0; !until.aborted; turn++) {
    const url = world.replicas[turn % world.replicas.length]?.url ?? "";
    const operator = operatorAt(url, world.apiKey);
    try {
      await operator.call("rotateKeyring");
      trouble.key_rotations++;
      return;
    } catch {
      // Killed in the middle, most likely; another one takes it up.
      await sleep(200);
    } finally {
      await operator.close();
    }
  }
}

async function waited(ms: number, until: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: until });
    return true;
  } catch {
    return false;
  }
}
