#!/usr/bin/env node
import type { Cli } from "./cli/cli.ts";

/**
 * The one place where the vault touches the process: clock, randomness, signals, arguments, streams. All of it is handed
 * on from here. Everything else is loaded only after the version of Node is known to be one that has node:sqlite.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: alter-vault needs Node 22.19 or newer, because it stores its data with node:sqlite; this is Node ${process.versions.node}.\n` +
      "fix:   Install a newer Node, for example from https://nodejs.org, and run it again.\n",
  );
  process.exit(1);
}

// Some versions of Node say on every start that node:sqlite is experimental. No other warning is held back.
const emitWarning = process.emitWarning.bind(process) as (...given: unknown[]) => void;
process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
  if (String(warning).startsWith("SQLite is an experimental feature")) return;
  emitWarning(warning, ...rest);
}) as typeof process.emitWarning;

// Whatever is made in a data directory is for its owner alone.
process.umask(0o077);

// Whoever reads the output may stop reading it, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { createLogger } = await import("./logger.ts");
const { systemSurroundings } = await import("./system.ts");
const { openInBrowser } = await import("./cli/open-in-browser.ts");
const { forkedProcesses } = await import("./workers/forked-processes.ts");
const { runCli } = await import("./cli/run.ts");
const { reportError } = await import("./cli/report-error.ts");

const { clock, random, newId } = systemSurroundings(createLogger("silent"));
const cli: Cli = {
  argv: process.argv.slice(2),
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  clock,
  random,
  newId,
  nodeVersion: process.versions.node,
  environment: undefined,
  onSignal(listener) {
    process.on("SIGINT", listener).on("SIGTERM", listener);
    return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
  },
  processes: forkedProcesses(process.argv[1] ?? ""),
  openUrl: (url) => openInBrowser(url, process.platform),
  exitNow: (code) => process.exit(code),
  setExitCode(code) {
    process.exitCode = code;
  },
};

process.on("uncaughtException", (error) => process.exit(reportError(cli, error, cli.argv.includes("--json"))));

await runCli(cli);
// The link to the primary would hold a worker that could not start.
if (process.connected && process.exitCode) process.exit();
