import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rawCall } from "./raw-call.ts";
import { createTestStorage, type TestStorage } from "./test-storage.ts";

/** The command line's own `dev` in a process of its own, as a user starts it. */
export interface VaultProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly dataDir: string;
  /** For other commands on the same storage. */
  readonly settings: TestStorage["settings"];
  /** What is stored, past the vault. Places for values are question marks. */
  query<T>(sql: string, ...values: string[]): Promise<T[]>;
  /** Changes what is stored, past a vault that does not run. */
  write(sql: string, ...values: string[]): Promise<void>;
  bearer(token: string, host: string): Promise<string>;
  /** As a disk that is full: no file of the process may grow beyond so many bytes. Null lifts it. */
  limitFiles(bytes: number | null): void;
  residentBytes(): number;
  /** All that it wrote to stderr, at the most talkative level. */
  log(): string;
  /** As a power cut does. */
  kill(): Promise<void>;
  /** As an operator stops it. Answers with the exit code. */
  terminate(): Promise<number | null>;
  /** Starts it again on the same directory. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const MAIN = new URL("../../packages/server/src/main.ts", import.meta.url).pathname;

/** On a directory and a storage of its own, or on those that are given. */
export async function startVaultProcess(
  given: { readonly dataDir?: string; readonly storage?: TestStorage } = {},
): Promise<VaultProcess> {
  const dataDir = given.dataDir ?? mkdtempSync(join(tmpdir(), "alter-vault-process-"));
  const storage = given.storage ?? (await createTestStorage());
  let child: ChildProcess;
  let ready: { url: string; apiKey: string };
  let secrets = 0;
  let log = "";

  async function start(): Promise<void> {
    child = spawn(process.execPath, [MAIN, "dev", "--json", "--port", "0", "--data", dataDir], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...storage.settings, ALTER_VAULT_LOG_LEVEL: "debug" },
    });
    if (!child.stdout || !child.stderr) throw new Error("no output");
    child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    const exited = once(child, "exit").then(([code]) => {
      throw new Error(`the vault ended with ${String(code)}: ${log.slice(-2000)}`);
    });
    exited.catch(() => undefined);
    const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), exited])) as [string];
    ready = JSON.parse(line) as typeof ready;
  }
  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  await start();
  return {
    get url() {
      return ready.url;
    },
    get apiKey() {
      return ready.apiKey;
    },
    dataDir,
    settings: storage.settings,
    query: (sql, ...values) => storage.query(dataDir, sql, ...values),
    async write(sql, ...values) {
      await storage.query(dataDir, sql, ...values);
    },
    async bearer(token, host) {
      const body = JSON.stringify({
        name: `secret ${process.pid} ${++secrets} ${Date.now()}`,
        injection: { kind: "bearer" },
        value: { kind: "bearer", token },
        allowed_hosts: [host],
      });
      const answer = await rawCall(ready.url, ready.apiKey, { path: "/v1/secrets", body });
      if (answer.status !== 201) throw new Error(answer.body.toString());
      return (JSON.parse(answer.body.toString()) as { grant_id: string }).grant_id;
    },
    limitFiles(bytes) {
      const limit = bytes === null ? "unlimited" : String(bytes);
      const { status, stderr } = spawnSync("prlimit", ["--pid", String(child.pid), `--fsize=${limit}:unlimited`], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
    },
    residentBytes() {
      const pages = Number(readFileSync(`/proc/${child.pid}/statm`, "utf8").split(" ")[1]);
      return pages * 4096;
    },
    log: () => log,
    kill: () => end("SIGKILL"),
    async terminate() {
      await end("SIGTERM");
      return child.exitCode;
    },
    start,
    async stop() {
      await end("SIGTERM");
      await storage.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
