import type { Chore } from "./chores.ts";

/** What a vault does by itself, each thing at its own pace, beside the calls. */
export interface Housekeeping {
  /** Nothing begins any more. */
  stop(): void;
  /** What had begun is over. */
  settled(): Promise<void>;
}

/**
 * Does each chore again and again. One that fails is told to `onFailure` and done again at its next turn; one that takes
 * longer than its turn is not begun a second time beside itself. None of it keeps the process alive.
 */
export function keepHouse(
  chores: readonly Chore[],
  onFailure: (failure: string) => (error: unknown) => void,
): Housekeeping {
  const running = new Map<Chore, Promise<void>>();
  const turn = (chore: Chore): void => {
    if (running.has(chore)) return;
    const done = chore
      .run()
      .catch(onFailure(chore.failure))
      .then(() => void running.delete(chore));
    running.set(chore, done);
  };
  const timers = chores.map((chore) => setInterval(turn, chore.everyMs, chore).unref());
  return {
    stop: () => timers.forEach((timer) => clearInterval(timer)),
    async settled() {
      await Promise.all(running.values());
    },
  };
}
