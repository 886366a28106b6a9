import type { Cli } from "./cli.ts";

/** Some launchers pass a Ctrl-C on that the terminal has sent to everybody already: it comes twice at once. */
const SAME_PRESS_MS = 100;

/**
 * Resolves with the first SIGINT or SIGTERM. A second one ends the process at once with 1: somebody does not want to
 * wait for the open calls. Listens from the moment it is called, so a signal during the start is not lost.
 */
export function stopSignal(cli: Cli): Promise<string> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    cli.onSignal((signal) => {
      if (firstMs === null) {
        firstMs = cli.clock.monotonic();
        resolve(signal);
      } else if (cli.clock.monotonic() - firstMs > SAME_PRESS_MS) {
        cli.exitNow(1);
      }
    });
  });
}
