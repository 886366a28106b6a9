import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeProblem, type ErrorCode } from "@alter-vault/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { initDataDir, startLocalVault, type LocalVault } from "../local-vault.ts";
import { around, json, run } from "./run-cli.test-support.ts";

/** Commands run inside of the test, against real vaults on 127.0.0.1; only `main.ts` is left out. */
const root = mkdtempSync(join(tmpdir(), "alter-vault-commands-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function freshDir(name: string): string {
  return join(root, name);
}

describe("with a running vault", () => {
  const data = freshDir("running");
  let vault: LocalVault;
  let operatorKey: string;

  beforeAll(async () => {
    const config = loadConfig("dev", { ALTER_VAULT_DATA: data, ALTER_VAULT_PORT: "0" }, {});
    operatorKey = await initDataDir(config, around);
    vault = await startLocalVault(config, around);
  });
  afterAll(() => vault.stop());

  const here = (...args: string[]): string[] => [...args, "--data", data];
  const host = ["--allow-host", "api.example.com"];

  interface Created {
    readonly secret_id: string;
    readonly grant_id: string;
    readonly example: string;
  }

  test("secrets, grants and keys from end to end", async () => {
    const { answer: secret } = await json<Created>(
      here(
        "secrets",
        "create",
        "--name",
        "whole",
        "--kind",
        "bearer",
        "--provider",
        "whole-api",
        "--value-stdin",
        ...host,
      ),
      { stdin: "fake-token-1234" },
    );
    const listed = await json<{ secrets: { secret_id: string }[] }>(here("secrets", "list"));
    expect(listed.answer.secrets.map(({ secret_id }) => secret_id)).toContain(secret.secret_id);
    const updated = await json(
      here(
        "secrets",
        "update",
        secret.secret_id,
        "--name",
        "renamed",
        "--allow-host",
        "b.example.com",
        "--allow-host",
        "c.example.com",
      ),
    );
    expect(updated).toMatchObject({
      code: 0,
      answer: { name: "renamed", allowed_hosts: ["b.example.com", "c.example.com"] },
    });

    const grant = await json<{ grant_id: string; created_at: string; expires_at: string }>(
      here("grants", "create", secret.secret_id, "--label", "nightly", "--ttl", "12h", "--unsafe-allow-retrieve"),
    );
    expect(grant).toMatchObject({ code: 0, answer: { label: "nightly", allow_retrieve: true } });
    expect(Date.parse(grant.answer.expires_at) - Date.parse(grant.answer.created_at)).toBe(12 * 3_600_000);
    const id = grant.answer.grant_id;
    expect(await json(here("grants", "update", id, "--no-retrieve"))).toMatchObject({
      code: 0,
      answer: { allow_retrieve: false, label: "nightly" },
    });
    expect(await json(here("grants", "update", id, "--label", "weekly"))).toMatchObject({
      code: 0,
      answer: { allow_retrieve: false, label: "weekly" },
    });
    expect(await json(here("grants", "list", "--provider", "whole-api", "--limit", "1"))).toMatchObject({
      answer: { has_more: true, total: 2 },
    });
    expect(await json(here("grants", "revoke", id, "--reason", "test"))).toMatchObject({
      code: 0,
      answer: { success: true },
    });
    expect(await json(here("grants", "show", id))).toMatchObject({ code: 0, answer: { status: "revoked" } });
    expect(await json(here("grants", "list", "--status", "revoked"))).toMatchObject({
      answer: { grants: [{ grant_id: id }] },
    });

    expect((await json(here("secrets", "delete", secret.secret_id, "--yes"))).code).toBe(0);
    expect((await json(here("secrets", "show", secret.secret_id))).code).toBe(4);
    expect((await json(here("grants", "show", secret.grant_id))).answer).not.toMatchObject({ status: "active" });
    expect(await json(here("keys", "rotate"))).toMatchObject({ code: 0, answer: { stale_records: 0 } });
    const forget = ["keys", "forget", "--replaced-before", "30d"];
    expect(await run(here(...forget))).toMatchObject({ code: 2 });
    expect(await json(here(...forget, "--yes"))).toMatchObject({ answer: { master_keys: 0, data_keys: 0 } });
    const state = await json<{ master_keys: unknown[] }>(here("keys", "show"));
    expect(state.answer.master_keys).toHaveLength(2);
  });

  test("an API key is shown once, and may do what its scopes say until it is revoked", async () => {
    const made = await json<{ api_key: string; key_id: string }>(
      here("api-keys", "create", "--name", "reader", "--scope", "audit:read", "--scope", "keys:read", "--ttl", "1h"),
    );
    expect(made).toMatchObject({ code: 0, answer: { scopes: ["audit:read", "keys:read"] } });
    const { api_key: key, key_id: id } = made.answer;
    const file = join(root, "reader.key");
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    const asReader = ["--url", vault.url, "--api-key-file", file];
    const listed = await run(["api-keys", "list", ...asReader]);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain(id);
    expect(listed.stdout).not.toContain(key);
    expect((await json(["secrets", "list", ...asReader])).answer).toMatchObject({
      code: "insufficient_scope",
      required_scope: "secrets:read",
    });
    expect(
      (await run(["secrets", "list"], { env: { ALTER_VAULT_URL: vault.url, ALTER_VAULT_API_KEY: key } })).code,
    ).toBe(3);
    expect((await run(here("api-keys", "revoke", id))).code).toBe(0);
    const refused = await run(["api-keys", "list", ...asReader]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("code:  invalid_key");
  });

  test("--app acts for another app", async () => {
    const { answer: app } = await json<{ app_id: string }>(here("apps", "create", "--name", "tenant"));
    const made = await json(here("api-keys", "create", "--name", "tenant key", "--app", app.app_id));
    expect(made).toMatchObject({ code: 0, answer: { app_id: app.app_id } });
    expect(await json(here("secrets", "list", "--app", app.app_id))).toMatchObject({ code: 0, answer: { total: 0 } });
  });

  const failures: [string, string[], number, string][] = [
    ["an unknown command", ["secrets", "crate"], 2, "usage"],
    ["an unknown option", ["secrets", "list", "--nothing"], 2, "usage"],
    ["a missing option", ["apps", "create"], 2, "usage"],
    ["a missing subcommand", ["secrets"], 2, "usage"],
    ["a wrong choice", ["secrets", "create", "--name", "x", "--kind", "nothing", ...host], 2, "usage"],
    ["a wrong duration", ["grants", "create", "x", "--ttl", "soon"], 2, "usage"],
    [
      "a value in argv",
      ["secrets", "create", "--name", "x", "--kind", "bearer", "--value=canary-value", ...host],
      2,
      "usage",
    ],
    [
      "a value that is not right",
      ["secrets", "create", "--name", "x", "--kind", "basic", "--value-stdin", ...host],
      2,
      "usage",
    ],
    ["deleting without --yes", ["secrets", "delete", "01890000-0000-7000-8000-000000000000"], 2, "usage"],
    ["nothing to change", ["grants", "update", "01890000-0000-7000-8000-000000000000"], 2, "usage"],
    ["what is not there", ["grants", "show", "01890000-0000-7000-8000-000000000000"], 4, "grant_not_found"],
    [
      "an app that is not there",
      ["secrets", "list", "--app", "01890000-0000-7000-8000-000000000000"],
      4,
      "app_not_found",
    ],
    ["what exists already", ["apps", "create", "--name", "default"], 5, "conflict"],
    ["what the vault finds invalid", ["apps", "create", "--name", " "], 1, "invalid_request"],
  ];
  test.each(failures)("%s", async (_name, args, exitCode, code) => {
    const stdin = "canary-value";
    const asJson = await json<{ code: string }>(here(...args), { stdin });
    expect(asJson).toMatchObject({ code: exitCode, answer: { code } });
    const text = await run(here(...args), { stdin });
    expect(text.code).toBe(exitCode);
    expect(text.stdout).toBe("");
    expect(text.stderr).toMatch(
      exitCode === 2 ? /--help|--yes|--value-stdin|written/ : /^error: .+\nfix: .+\ncode: .+\n$/,
    );
    expect(text.stderr + JSON.stringify(asJson)).not.toContain("canary-value");
    expect(text.stderr).not.toMatch(/\n\s+at /);
  });

  test("a value in argv is refused even where another was given as it should be", async () => {
    const args = here(
      "secrets",
      "create",
      "--name",
      "argv",
      "--kind",
      "bearer",
      "--value-stdin",
      ...host,
      "--value",
      "canary-value",
    );
    const { code, stdout, stderr } = await run(args, { stdin: "fake-token-1234" });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("others on this machine can see it");
    expect(stderr).not.toContain("canary-value");
  });

  test("--data counts more than ALTER_VAULT_URL, and --url more than --data", async () => {
    const env = { ALTER_VAULT_URL: "http://127.0.0.1:9" };
    expect((await run(here("apps", "list"), { env })).code).toBe(0);
    const elsewhere = await json<{ detail: string }>(
      here("apps", "list", "--url", "http://127.0.0.1:9", "--api-key", operatorKey),
    );
    expect(elsewhere).toMatchObject({ code: 1, answer: { code: "vault_unreachable" } });
  });

  test("a short value is stored with a warning", async () => {
    const made = await json(
      here("secrets", "create", "--name", "short", "--kind", "bearer", "--value-stdin", ...host),
      { stdin: "tiny" },
    );
    expect(made.code).toBe(0);
    expect(made.stderr).toContain("cannot be scrubbed");
  });

  test("a key in argv works with a warning", async () => {
    const listed = await run(["apps", "list", "--url", vault.url, "--api-key", operatorKey]);
    expect(listed.code).toBe(0);
    expect(listed.stderr).toContain("--api-key-file");
    expect(listed.stderr).not.toContain(operatorKey);
  });

  test("how long the log is kept, and what is held", async () => {
    expect((await run(here("audit", "retention", "show"))).stdout).toContain("for ever");
    expect(await run(here("audit", "retention", "set", "400d"))).toMatchObject({ code: 2 });
    expect(await run(here("audit", "retention", "set", "12h", "--yes"))).toMatchObject({ code: 2 });
    expect(await json(here("audit", "retention", "set", "8w", "--yes"))).toMatchObject({ answer: { days: 56 } });
    expect((await run(here("audit", "retention", "show"))).stdout).toContain("56 days");
    expect(await json(here("audit", "retention", "set", "forever"))).toMatchObject({ answer: { days: null } });
    expect(await run(here("audit", "hold", "add"))).toMatchObject({ code: 2 });
    const added = await json<{ hold_id: string }>(here("audit", "hold", "add", "--reason", "case 1", "--since", "30d"));
    expect((await run(here("audit", "hold", "list"))).stdout).toContain("case 1");
    const { hold_id: id } = added.answer;
    expect(await run(here("audit", "hold", "release", id))).toMatchObject({ code: 2 });
    expect((await run(here("audit", "hold", "release", id, "--yes"))).stdout).toContain("released_at");
  });

  test("the audit log is listed, shown and exported", async () => {
    expect((await run(here("apps", "create", "--name", "audited"))).code).toBe(0);
    const listed = await json<{ entries: { entry_id: string; action: string }[] }>(
      here("audit", "list", "--since", "1h", "--limit", "1000"),
    );
    const entry = listed.answer.entries.find(({ action }) => action === "createApp");
    expect(await json(here("audit", "show", entry?.entry_id ?? ""))).toMatchObject({
      code: 0,
      answer: { action: "createApp", outcome: "done" },
    });
    const text = await run(here("audit", "list", "--limit", "1"));
    expect(text.stdout).toMatch(/^TIME .*WHO .*WHAT .*DECISION .*STATUS .*IDS\n/);
    expect(text.stdout).toContain("--cursor");

    const file = join(root, "audit.jsonl");
    const exported = await json<{ entries: number }>(here("audit", "export", "--out", file));
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(exported).toMatchObject({ code: 0, answer: { file, format: "jsonl", entries: lines.length } });
    expect(lines.map((line) => (JSON.parse(line) as { entry_id: string }).entry_id)).toContain(entry?.entry_id);
    expect(readdirSync(root).filter((name) => name.endsWith(".part"))).toEqual([]);
    const csv = await run(here("audit", "export", "--format", "csv", "--decision", "deny"));
    expect(csv.stdout.split("\r\n")[0]).toContain("entry_id,at,kind");
    expect(await json(here("audit", "verify"))).toMatchObject({ code: 0, answer: { ok: true } });
  });

  test("doctor finds the running vault in order", async () => {
    const { code, answer } = await json<{ ok: boolean; checks: { name: string; state: string }[] }>(here("doctor"));
    expect(answer.checks.filter(({ state }) => state === "fail")).toEqual([]);
    expect(code).toBe(0);
    const names = answer.checks.map(({ name }) => name);
    for (const name of [
      "node",
      "data directory",
      "disk space",
      "master key",
      "database",
      "operator key",
      "vault",
      "clock",
      "API key",
      "tls",
    ]) {
      expect(names).toContain(name);
    }
  });

  test("a clock that is off is corrected by what the vault says", async () => {
    const late = { now: () => around.clock.now() - 3_600_000, monotonic: () => around.clock.monotonic() };
    expect((await run(here("apps", "list"), { clock: late })).code).toBe(0);
  });

  test("what is not JSON is readable", async () => {
    expect((await run(here("apps", "list"))).stdout).toMatch(/^APP ID .*NAME .*CREATED\n[0-9a-f-]{36} {2}\S/);
    const created = await run(
      here("secrets", "create", "--name", "readable", "--kind", "bearer", "--value-stdin", ...host),
      { stdin: "fake-token-1234" },
    );
    expect(created.stdout).toMatch(/secret_id {2}[0-9a-f-]{36}\ngrant_id {3}[0-9a-f-]{36}\n/);
    expect(created.stdout).toContain('await vault.request("GET", "https://api.example.com/", { grantId: "');
    expect((await run(here("grants", "list", "--provider", "readable"))).stdout).toContain("active");
    expect((await run(here("keys", "show"))).stdout).toContain("MASTER KEY");
    expect((await run(here("doctor"))).stdout).toMatch(/^ok {4}node/);
    expect((await run(here("audit", "verify"))).stdout).toMatch(/^The log is whole: \d+ rows, 1 chain/);
  });
});

describe("without a vault", () => {
  test("a directory that holds none is named, and left as it is", async () => {
    const data = freshDir("nothing");
    for (const args of [["secrets", "list"], ["serve"], ["audit", "verify"], ["init", "--new-operator-key"]]) {
      const { code, answer } = await json<{ code: string; fix: string }>([...args, "--data", data]);
      expect([code, answer.code], args.join(" ")).toEqual([1, "not_initialized"]);
      expect(answer.fix).toContain("alter-vault init");
    }
    expect((await run(["doctor", "--data", data])).code).toBe(1);
    expect(existsSync(data)).toBe(false);
  });

  test("a missing master key is explained, by serve and by doctor", async () => {
    const data = freshDir("no-master-key");
    expect((await run(["init", "--data", data])).code).toBe(0);
    rmSync(join(data, "master.key"));
    const served = await json<{ code: string; detail: string }>(["serve", "--port", "0", "--data", data]);
    expect(served).toMatchObject({ code: 1, answer: { code: "master_key_missing" } });
    expect(served.answer.detail).toContain("restore the file from its backup");
    const found = await json<{ checks: unknown[] }>(["doctor", "--data", data]);
    expect(found.code).toBe(1);
    expect(found.answer.checks).toContainEqual(expect.objectContaining({ name: "master key", state: "fail" }));
  });

  test("doctor finds what others may read, and a certificate that is none", async () => {
    const data = freshDir("open");
    expect((await run(["init", "--data", data])).code).toBe(0);
    const state = async (env: Record<string, string> = {}): Promise<Record<string, string>> => {
      const { answer } = await json<{ checks: { name: string; state: string }[] }>(["doctor", "--data", data], { env });
      return Object.fromEntries(answer.checks.map(({ name, state: found }) => [name, found]));
    };
    expect(await state()).toMatchObject({
      "operator key": "ok",
      "master key": "ok",
      "data directory": "ok",
      tls: "ok",
    });
    chmodSync(join(data, "operator.key"), 0o644);
    chmodSync(join(data, "master.key"), 0o640);
    chmodSync(data, 0o755);
    const noCertificate = {
      ALTER_VAULT_TLS_CERT_FILE: join(data, "master.key"),
      ALTER_VAULT_TLS_KEY_FILE: join(data, "master.key"),
    };
    expect(await state(noCertificate)).toMatchObject({
      "operator key": "warn",
      "master key": "fail",
      "data directory": "warn",
      tls: "fail",
    });
  });

  test("every wrong setting is told at once", async () => {
    const data = freshDir("settings");
    expect((await run(["init", "--data", data])).code).toBe(0);
    const served = await run(["serve", "--host", "0.0.0.0", "--tls-cert", "missing.pem", "--data", data]);
    expect(served.code).toBe(2);
    expect(served.stderr).toContain("ALTER_VAULT_TLS_KEY_FILE");
    expect(served.stderr).toContain("there is no TLS");
  });

  test("an address where no vault is", async () => {
    const key = join(root, "unused.key");
    writeFileSync(key, readFileSync(join(freshDir("settings"), "operator.key")));
    const nobody = await json<{ code: string }>(["apps", "list", "--url", "http://127.0.0.1:9", "--api-key-file", key]);
    expect(nobody).toMatchObject({ code: 1, answer: { code: "vault_unreachable" } });
    const keyless = await json<{ code: string; fix: string }>(["apps", "list", "--url", "http://127.0.0.1:9"]);
    expect(keyless).toMatchObject({ code: 2, answer: { code: "usage" } });
  });
});

describe("what a vault may answer", () => {
  let server: Server;
  let url: string;
  let answer: { status: number; type: string; body: string };
  const key = join(root, "some.key");

  beforeAll(async () => {
    const data = freshDir("some-key");
    await run(["init", "--data", data]);
    writeFileSync(key, readFileSync(join(data, "operator.key")));
    server = createServer((_request, response) => {
      response.writeHead(answer.status, { "content-type": answer.type }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  const problem = (code: ErrorCode): typeof answer => {
    const body = makeProblem(code, "for the test");
    return { status: body.status, type: "application/problem+json", body: JSON.stringify(body) };
  };

  test.each<[ErrorCode, number]>([
    ["rate_limited", 6],
    ["grant_deleted", 4],
    ["policy_denied", 3],
    ["request_replayed", 5],
    ["overloaded", 1],
  ])("%s ends with %d", async (code, exitCode) => {
    answer = problem(code);
    const ran = await run(["apps", "list", "--url", url, "--api-key-file", key, "--json"]);
    expect(ran.code).toBe(exitCode);
    expect(ran.stdout, "the problem as it came").toBe(`${answer.body}\n`);
  });

  test("a code of a newer vault is passed on", async () => {
    const body = { ...makeProblem("conflict", "for the test"), status: 409, code: "from_the_future" };
    answer = { status: 409, type: "application/problem+json", body: JSON.stringify(body) };
    expect(await json(["apps", "list", "--url", url, "--api-key-file", key])).toMatchObject({
      code: 5,
      answer: { code: "from_the_future" },
    });
  });

  test.each([
    [200, "text/html", "<html>"],
    [200, "application/json", "{}"],
    [502, "text/html", "<html>"],
    [302, "text/html", ""],
  ])("%d %s %s is not one", async (status, type, body) => {
    answer = { status, type, body };
    expect(await json(["apps", "list", "--url", url, "--api-key-file", key])).toMatchObject({
      code: 1,
      answer: { code: "vault_unreachable" },
    });
  });
});
