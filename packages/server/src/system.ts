import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Surroundings } from "./local-vault.ts";
import type { Logger } from "./logger.ts";
import { createIds } from "./random.ts";

const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** The real clock and the real randomness, for whoever starts a vault outside of a test. */
export function systemSurroundings(logger: Logger): Surroundings {
  return { clock: systemClock, random: randomBytes, newId: createIds(systemClock, randomBytes), logger };
}
