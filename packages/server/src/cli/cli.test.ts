import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { generateKeyPairSync, sign } from "node:crypto";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The real program in processes of its own, on data directories of its own, on free ports of 127.0.0.1. */
const MAIN = join(import.meta.dirname, "..", "main.ts");
const TIMEOUT = 30_000;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Given {
  readonly stdin?: string | Buffer;
  readonly env?: Record<string, string>;
}

const root = mkdtempSync(join(tmpdir(), "alter-vault-cli-"));
const started: ChildProcess[] = [];

afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Only what the program needs of this process's environment, so that nothing set here changes a test. */
const ENVIRONMENT = { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: join(root, "compile-cache") };

function launch(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...ENVIRONMENT, ...env }, cwd: root });
  started.push(child);
  return child;
}

function run(args: readonly string[], { stdin = "", env = {} }: Given = {}): Promise<Ran> {
  const child = launch(args, env);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.on("error", () => undefined).end(stdin);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

/** Runs with --json and answers the one line of stdout. */
async function json<T>(
  args: readonly string[],
  given: Given = {},
): Promise<{ code: number | null; answer: T; stderr: string }> {
  const { code, stdout, stderr } = await run([...args, "--json"], given);
  expect(stdout.trimEnd().split("\n"), `one line on stdout; stderr was: ${stderr}`).toHaveLength(1);
  return { code, answer: JSON.parse(stdout) as T, stderr };
}

interface Ready {
  readonly url: string;
  readonly portalUrl: string;
  readonly apiKey: string;
  readonly dataDir: string;
}

async function startServer(
  args: readonly string[],
): Promise<{ child: ChildProcess; ready: Ready; printed: () => string }> {
  const child = launch([...args, "--json"]);
  let text = "";
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve();
    });
    child.once("close", (code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
  return { child, ready: JSON.parse(text) as Ready, printed: () => text };
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("close", (code) => resolve(code)));
}

function freshDir(name: string): string {
  return join(root, name);
}

describe("a directory from init to kill -9", { timeout: TIMEOUT }, () => {
  const data = freshDir("lifecycle");

  test("init says where things are, and refuses a second time", async () => {
    const { code, answer } = await json<Record<string, string>>(["init", "--data", data]);
    expect(code).toBe(0);
    expect(answer).toEqual({
      dataDir: data,
      masterKeyPath: join(data, "master.key"),
      operatorKeyPath: join(data, "operator.key"),
      apiKey: readFileSync(join(data, "operator.key"), "utf8").trim(),
    });
    for (const name of ["master.key", "operator.key", "vault.db"]) {
      expect(statSync(join(data, name)).mode & 0o077, `${name} is for its owner alone`).toBe(0);
    }
    const again = await json<{ code: string }>(["init", "--data", data]);
    expect(again).toMatchObject({ code: 5, answer: { code: "already_initialized" } });
    expect(readFileSync(join(data, "operator.key"), "utf8").trim()).toBe(answer["apiKey"]);
  });

  test("commands work without a running vault, one after the other and side by side", async () => {
    const names = ["a", "b", "c"];
    const made = await Promise.all(names.map((name) => run(["apps", "create", "--name", name, "--data", data])));
    expect(made.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, ""]));
    const { answer } = await json<{ apps: { name: string }[] }>(["--data", data, "apps", "list"]);
    expect(answer.apps.map(({ name }) => name).toSorted()).toEqual(["a", "b", "c", "default"]);
  });

  test("dev says one line, the same key on every start, and stops with 0", async () => {
    const first = await startServer(["dev", "--port", "0", "--data", data]);
    expect(first.ready).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      portalUrl: `${first.ready.url}/portal`,
      apiKey: readFileSync(join(data, "operator.key"), "utf8").trim(),
      dataDir: data,
    });
    const busy = await json<{ code: string; detail: string }>(["dev", "--port", "0", "--data", data]);
    expect(busy).toMatchObject({ code: 5, answer: { code: "data_dir_busy" } });
    expect(busy.answer.detail).toContain(first.ready.url);

    const { port } = new URL(first.ready.url);
    const taken = await run(["dev", "--port", port, "--data", freshDir("other")]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain("--port 0");

    first.child.kill("SIGTERM");
    expect(await ended(first.child)).toBe(0);
    expect(first.printed().trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(join(data, "running.json"))).toBe(false);

    const second = await startServer(["dev", "--port", "0", "--data", data]);
    expect(second.ready.apiKey).toBe(first.ready.apiKey);
    expect((await run(["apps", "create", "--name", "before-the-kill", "--data", data])).code).toBe(0);
    second.child.kill("SIGKILL");
    await ended(second.child);
  });

  test("audit verify works on what a killed vault left, without any key", async () => {
    rmSync(join(data, "operator.key"));
    const found = await json<{ ok: boolean; rows: number; problems: unknown[] }>(["audit", "verify", "--data", data]);
    expect(found).toMatchObject({ code: 0, answer: { ok: true, problems: [] } });
    expect(found.answer.rows).toBeGreaterThan(0);
  });

  test("a lost operator's key is made anew, and the vault goes on", async () => {
    const without = await json<{ code: string; fix: string }>(["apps", "list", "--data", data]);
    expect(without).toMatchObject({ code: 3, answer: { code: "operator_key_missing" } });
    expect(without.answer.fix).toContain("--new-operator-key");
    expect((await run(["init", "--new-operator-key", "--data", data])).code).toBe(0);
    expect((await run(["apps", "list", "--data", data])).stdout).toContain("before-the-kill");
  });

  test("audit verify finds a changed row", async () => {
    const db = new DatabaseSync(join(data, "vault.db"));
    db.exec(`UPDATE log SET body = replace(body, 'createApp', 'createXxx') WHERE seq = 1`);
    db.close();
    const found = await json<{ ok: boolean; problems: { seq: number }[] }>(["audit", "verify", "--data", data]);
    expect(found.code).toBe(1);
    expect(found.answer.problems[0]?.seq).toBe(1);
    const text = await run(["audit", "verify", "--data", data]);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain("NOT WHOLE");
  });
});

describe("with a running vault", { timeout: TIMEOUT }, () => {
  const data = freshDir("running");
  let vault: Ready;

  beforeAll(async () => {
    ({ ready: vault } = await startServer(["dev", "--port", "0", "--data", data]));
  }, TIMEOUT);

  const here = (...args: string[]): string[] => [...args, "--data", data];
  const host = ["--allow-host", "api.example.com"];

  interface Created {
    readonly secret_id: string;
    readonly grant_id: string;
    readonly example: string;
  }

  const kinds: [string, string[], string, string][] = [
    ["bearer", [], "fake-token-1234\n", "fake-token-5678"],
    ["api-key", ["--header", "authorization", "--prefix", "Token"], "fake-key-1234", "fake-key-5678"],
    ["api-key", ["--query", "key"], "fake-key-1234", "fake-key-5678"],
    ["basic", [], "ann:fake-pass-1", "ann:fake-pass-2"],
    [
      "sigv4",
      ["--region", "eu-west-1", "--service", "s3"],
      "AKIDFAKE0001:fake-secret-1",
      '{"access_key_id":"AKIDFAKE0002","secret_access_key":"fake-secret-2"}',
    ],
    [
      "custom",
      ["--header-template", "X-Id: {id}", "--query-template", "k={key}"],
      '{"id":"fake-id-1","key":"fake-key-1"}',
      '{"id":"fake-id-2","key":"fake-key-2"}',
    ],
  ];
  test.each(kinds)("a secret of kind %s %j is stored and rotated", async (kind, options, value, newValue) => {
    const name = `${kind} ${options[0] ?? "plain"}`;
    const create = here("secrets", "create", "--name", name, "--kind", kind, "--value-stdin", ...host, ...options);
    const created = await json<Created>(create, { stdin: value });
    expect(created).toMatchObject({ code: 0, answer: { name, kind, version: 1 } });
    expect(created.stderr).toBe("");
    expect(created.answer.example).toContain(created.answer.grant_id);
    const id = created.answer.secret_id;
    const file = join(root, "value.txt");
    writeFileSync(file, newValue);
    const rotated = await json(here("secrets", "rotate", id, "--value-file", file));
    expect(rotated).toMatchObject({ code: 0, answer: { secret_id: id, version: 2 } });
    for (const part of [value, newValue]) expect(JSON.stringify([created, rotated])).not.toContain(part.trim());
  });

  test("the exit code says what kind of failure it was", async () => {
    const { answer } = await json<{ api_key: string }>(
      here("api-keys", "create", "--name", "reader", "--scope", "audit:read"),
    );
    const env = { ALTER_VAULT_URL: vault.url, ALTER_VAULT_API_KEY: answer.api_key };
    expect((await run(["audit", "list"], { env })).code).toBe(0);
    expect((await run(here("apps", "create", "--name", " "))).code).toBe(1);
    expect((await run(here("secrets", "crate"))).code).toBe(2);
    expect((await run(["secrets", "list"], { env })).code).toBe(3);
    expect((await run(here("grants", "show", "01890000-0000-7000-8000-000000000000"))).code).toBe(4);
    const conflict = await run(here("apps", "create", "--name", "default"));
    expect(conflict).toMatchObject({ code: 5, stdout: "" });
    expect(conflict.stderr).toMatch(/^error: .+\nfix: .+\ncode: {2}conflict\n$/);
  });

  test("the log is exported to a file and to a pipe", async () => {
    const file = join(root, "audit.jsonl");
    const exported = await json<{ entries: number }>(here("audit", "export", "--out", file));
    expect(exported).toMatchObject({ code: 0, answer: { file, format: "jsonl" } });
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(exported.answer.entries);
    expect((await run(here("audit", "export", "--format", "csv"))).stdout).toMatch(/^entry_id,at,kind,/);
  });
});

describe("serve", { timeout: TIMEOUT }, () => {
  const data = freshDir("served");

  test("says one line, and a second signal does not wait for open calls", async () => {
    expect((await run(["init", "--data", data])).code).toBe(0);
    const { child, ready } = await startServer(["serve", "--port", "0", "--data", data]);
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string;
    expect(ready).toEqual({ url, dataDir: data, workers: 1 });
    const { port } = new URL(ready.url);
    const unfinished = connect(Number(port), "127.0.0.1");
    unfinished.on("error", () => undefined);
    await new Promise<void>((resolve) => unfinished.write("POST /v1/request HTTP/1.1\r\nhost: x\r\n", () => resolve()));
    // Seen by the vault for sure when a call that comes after it was answered.
    expect((await run(["apps", "list", "--data", data])).code).toBe(0);
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(child.exitCode, "it waits for the open call").toBeNull();
    child.kill("SIGINT");
    expect(await ended(child)).toBe(1);
    unfinished.destroy();
  });

  test("with TLS, commands on its data directory trust its certificate and no other", async () => {
    const { cert, key } = selfSigned();
    const { child, ready } = await startServer([
      "serve",
      "--port",
      "0",
      "--tls-cert",
      cert,
      "--tls-key",
      key,
      "--data",
      data,
    ]);
    expect(ready.url).toMatch(/^https:/);
    expect((await run(["apps", "list", "--data", data])).stdout).toContain("default");
    const running = join(data, "running.json");
    const said = JSON.parse(readFileSync(running, "utf8")) as object;
    writeFileSync(running, JSON.stringify({ ...said, certificate_sha256: "00:11" }));
    const other = await json(["apps", "list", "--data", data]);
    expect(other).toMatchObject({ code: 5, answer: { code: "data_dir_busy" } });
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });
});

test("openapi and --version need no vault", { timeout: TIMEOUT }, async () => {
  const { answer } = await json<{ openapi: string; paths: object }>(["openapi"]);
  expect(answer.openapi).toBe("3.1.0");
  expect(Object.keys(answer.paths)).toContain("/v1/request");
  expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** A certificate made for this run (RFC 5280, with Ed25519), and its key. */
function selfSigned(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
  const algorithm = sequence(Buffer.from("06032b6570", "hex"));
  const name = sequence(der(0x31, sequence(Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from("vault.test")))));
  const time = (text: string): Buffer => der(0x17, Buffer.from(text));
  const signed = sequence(
    der(0xa0, Buffer.from("020102", "hex")),
    Buffer.from("020101", "hex"),
    algorithm,
    name,
    sequence(time("200101000000Z"), time("491231235959Z")),
    name,
    publicKey.export({ format: "der", type: "spki" }),
  );
  const certificate = sequence(signed, algorithm, der(0x03, Buffer.from([0]), sign(null, signed, privateKey)));
  const base64 = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  const cert = join(root, "cert.pem");
  const key = join(root, "key.pem");
  writeFileSync(cert, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  writeFileSync(key, privateKey.export({ format: "pem", type: "pkcs8" }));
  return { cert, key };
}
