import { argv, stdout } from "node:process";
import { runCompare } from "./compare.ts";
import { runGrowth } from "./growth.ts";
import { runIdentity } from "./identity/run-identity.ts";
import { HELP, readOptions, type Options } from "./options.ts";
import { stopAllChildren } from "./processes/child.ts";
import { runPolicy } from "./policy/run-policy.ts";
import { runWorkers } from "./workers/run-workers.ts";
import { removeWorkDirs } from "./processes/work-dir.ts";

const PARTS = { compare: runCompare, growth: runGrowth, policy: runPolicy, identity: runIdentity, workers: runWorkers };

/**
 * `npm run bench`: how fast the vault is beside things that do less, and how it grows. It passes no judgement: a run that
 * could measure ends with 0, whatever it measured.
 */
async function main(): Promise<number> {
  let options: Options | null;
  try {
    options = readOptions(argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (options === null) {
    stdout.write(HELP);
    return 0;
  }
  try {
    const result = await PARTS[options.part](options);
    if (options.json) console.log(JSON.stringify(result));
    return 0;
  } catch (error) {
    if (!interrupted) console.error("the benchmark could not run:", error);
    return 1;
  } finally {
    await cleanUp();
  }
}

async function cleanUp(): Promise<void> {
  await stopAllChildren();
  removeWorkDirs();
}

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // npm passes on what the terminal has sent to everybody already, so a signal comes twice.
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    console.error(`\n${signal}: stopping`);
    void cleanUp().finally(() => process.exit(130));
  });
}

process.exitCode = await main();
