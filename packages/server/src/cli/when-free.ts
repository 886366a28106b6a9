import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Config } from "../config.ts";
import { DataDirBusy, startLocalVault, type LocalVault, type Surroundings } from "../local-vault.ts";
import { runningVault, type RunningVaultInfo } from "../running-file.ts";
import type { Cli } from "./cli.ts";
import { createAgent } from "./vault-client.ts";
import { reachableUrl } from "./vault-url.ts";

/** Other commands hold the directory for a moment only. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Starts the vault of a directory as soon as no other command holds it. Throws DataDirBusy when that takes too long. */
export async function startWhenFree(cli: Cli, config: Config, around: Surroundings): Promise<LocalVault> {
  const started = await untilFree(
    cli,
    () => startLocalVault(config, around),
    () => findAnswering(config.dataDir),
  );
  if (!("pid" in started)) return started;
  throw new DataDirBusy(`a vault runs on ${config.dataDir} already, at ${started.url} (process ${started.pid})`);
}

/** The vault that says it runs on the directory, and answers. */
export async function findAnswering(dataDir: string): Promise<RunningVaultInfo | null> {
  const running = runningVault(dataDir);
  return running && (await answers(running)) ? running : null;
}

/** Does the work once the directory is free, or answers what `otherwise` finds while it is not. Gives up with DataDirBusy. */
export async function untilFree<T, U = never>(
  cli: Cli,
  work: () => Promise<T>,
  otherwise: () => Promise<U | null> = () => Promise.resolve(null),
): Promise<T | U> {
  const startedMs = cli.clock.monotonic();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DataDirBusy)) throw error;
      const found = await otherwise();
      if (found !== null) return found;
      if (cli.clock.monotonic() - startedMs > WAIT_MS) {
        throw new DataDirBusy(`${error.message}, and no vault answers there`);
      }
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Whether a vault answers there. */
async function answers({ url, certificateSha256 }: RunningVaultInfo): Promise<boolean> {
  const dispatcher = createAgent(certificateSha256);
  try {
    const { statusCode, body } = await request(`${reachableUrl(url)}/healthz`, {
      dispatcher,
      headersTimeout: 2_000,
      bodyTimeout: 2_000,
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}
