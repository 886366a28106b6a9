import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { postgresBinaries, type PostgresSource } from "./postgres-binaries.ts";

/** A PostgreSQL server of our own on 127.0.0.1, which forgets everything when it is stopped. */
export interface TestPostgres {
  /** Of the superuser, who needs no password. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** As an operator restarts it. */
  restart(): Promise<void>;
  /** As a power cut does, or as an operator stops it. */
  halt(how?: "orderly"): Promise<void>;
  start(): Promise<void>;
  /** Forgets a setting of ALTER SYSTEM. */
  restartWithout(setting: string): Promise<void>;
  /** As the superuser. Default: in the database `postgres`. */
  run(sql: string, database?: string): Promise<void>;
  /** Holds every process of the server still, as a machine that does not answer. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Default: false. Tests of what is written do not need it; tests of how long writing takes do. */
  readonly fsync?: boolean;
  /** Default: installed programs, else packaged ones. */
  readonly source?: PostgresSource;
  /** Further settings, as `name=value`. */
  readonly settings?: readonly string[];
  /** The CA of a server that wants TLS, at `localhost`. */
  readonly sslrootcert?: string;
  /** A copy of this data directory, of a server that is stopped, instead of an empty one. */
  readonly copyOf?: string;
  /** Called with the data directory before the first start. */
  readonly prepare?: (dataDir: string) => void;
}

/** PostgreSQL refuses to run as root. */
export const NOBODY = 65_534;

export async function startPostgres({
  fsync = false,
  settings = [],
  prepare,
  sslrootcert,
  source,
  copyOf,
}: PostgresOptions = {}): Promise<TestPostgres> {
  const home = mkdtempSync(join(tmpdir(), "alter-vault-postgres-"));
  const bin = postgresBinaries(join(home, "server"), source);
  const dataDir = join(home, "data");
  mkdirSync(dataDir);
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  chmodSync(home, 0o755);
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY);
  if (copyOf === undefined) initialize(bin, dataDir, user);
  else copyDataDir(copyOf, dataDir, isRoot);
  prepare?.(dataDir);

  const port = await freePort();
  const durable = fsync ? [] : ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
  const all = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${dataDir}`,
    "max_connections=300",
  ]
    .concat(durable, settings)
    .flatMap((setting) => ["-c", setting]);
  let child: ChildProcess;
  let log = "";

  async function start(): Promise<void> {
    child = spawn(join(bin, "postgres"), ["-D", dataDir, ...all], {
      ...user,
      cwd: dataDir,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr?.on("data", (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-4_000)));
    for (let attempt = 0; attempt < 400; attempt++) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL did not start: ${log}`);
      if (await isReady(port, sslrootcert)) return;
      await sleep(25);
    }
    throw new Error(`PostgreSQL does not answer: ${log}`);
  }
  async function end(signal: "SIGINT" | "SIGQUIT"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }
  const signalAll = (signal: "SIGSTOP" | "SIGCONT"): void => {
    const children = spawnSync("ps", ["-o", "pid=", "--ppid", String(child.pid)], { encoding: "utf8" });
    for (const pid of [...children.stdout.split("\n"), String(child.pid)].filter((line) => line.trim() !== "")) {
      process.kill(Number(pid), signal);
    }
  };

  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    dataDir,
    async restart() {
      await end("SIGINT");
      await start();
    },
    halt: (how) => end(how === "orderly" ? "SIGINT" : "SIGQUIT"),
    start,
    async restartWithout(setting) {
      await end("SIGINT");
      const path = join(dataDir, "postgresql.auto.conf");
      const lines = readFileSync(path, "utf8").split("\n");
      writeFileSync(path, lines.filter((line) => !line.startsWith(setting)).join("\n"));
      await start();
    },
    async run(sql, database = "postgres") {
      const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database });
      client.on("error", () => undefined);
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    },
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
    async stop() {
      await end("SIGQUIT");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

type User = { uid: number; gid: number } | Record<string, never>;

function initialize(bin: string, dataDir: string, user: User): void {
  // Not the C locale: the order of ids must not depend on the database's.
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", dataDir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"].concat([
      "--locale-provider=icu",
      "--icu-locale=en-US",
    ]),
    { ...user, cwd: dataDir, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ""}`);
}

function copyDataDir(from: string, to: string, isRoot: boolean): void {
  cpSync(from, to, { recursive: true });
  rmSync(join(to, "postmaster.pid"), { force: true });
  chmodSync(to, 0o700);
  if (isRoot)
    for (const name of ["", ...readdirSync(to, { recursive: true, encoding: "utf8" })])
      chownSync(join(to, name), NOBODY, NOBODY);
}

async function isReady(port: number, sslrootcert?: string): Promise<boolean> {
  const ssl = sslrootcert === undefined ? false : { ca: readFileSync(sslrootcert) };
  const client = new pg.Client({ host: "localhost", port, user: "postgres", database: "postgres", ssl });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
