import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createLogger, initDataDir, loadConfig, systemSurroundings } from "@alter-vault/server";
import { createPostgresStorage, type TestStorage } from "./test-storage.ts";

/** The command line's own `serve` on a PostgreSQL database, as an operator starts it. */
export interface ServeProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly storage: TestStorage;
  /** What it printed on stdout. */
  readonly printed: readonly string[];
  /** The lines it wrote to stderr, parsed. */
  log(): Record<string, unknown>[];
  /** Process ids of its workers. */
  workers(): number[];
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** With the exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const MAIN = new URL("../../packages/server/src/main.ts", import.meta.url).pathname;

export async function startServe(args: readonly string[], settings: Record<string, string>): Promise<ServeProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), "alter-vault-serve-"));
  const storage = await createPostgresStorage();
  const place = { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_DATABASE_URL: storage.databaseUrl };
  const apiKey = await initDataDir(loadConfig("serve", place, {}), systemSurroundings(createLogger("silent")));
  const child = spawn(process.execPath, [MAIN, "serve", "--json", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...place, ALTER_VAULT_UNSAFE_ALLOW_LOOPBACK_UPSTREAMS: "1", ...settings },
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const printed: string[] = [];
  const lines = createInterface(child.stdout).on("line", (line) => printed.push(line));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  await Promise.race([once(lines, "line"), ended]);
  if (printed.length === 0) throw new Error(`the vault did not start: ${text.slice(-2_000)}`);
  const { url } = JSON.parse(printed[0] ?? "") as { url: string };
  return {
    url,
    apiKey,
    dataDir,
    storage,
    printed,
    log: () => text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>])),
    workers: () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    signal: (signal) => void child.kill(signal),
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
      await storage.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
