import type { FakeVault } from "./fake-vault.test-support.ts";
import { platform, type Platform } from "./platform.ts";

export interface FakePlatform extends Platform {
  /** Milliseconds that were slept. */
  slept: number;
  readonly opened: string[];
  readonly printed: string[];
}

/** A machine on which sleeping takes no time and moves the clock, that of the vault too. It has a browser and a terminal. */
export function fakePlatform(server: FakeVault, own: Partial<Platform> = {}): FakePlatform {
  const start = platform.now();
  const machine: FakePlatform = {
    ...platform,
    slept: 0,
    opened: [],
    printed: [],
    now: () => start + machine.slept,
    async sleep(ms, signal) {
      if (signal?.aborted === true) return;
      machine.slept += ms;
      server.skewSeconds = Math.floor(machine.slept / 1000);
    },
    async openBrowser(url) {
      machine.opened.push(url);
      return true;
    },
    print(text) {
      machine.printed.push(text);
      return true;
    },
    ...own,
  };
  return machine;
}
