import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  API_KEY_RANDOM_BYTES,
  formatApiKey,
  ROUTES,
  type ConnectSessionState,
  type RouteId,
} from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { json, run } from "./run-cli.test-support.ts";

/** Commands about connecting and revoking, against a server that answers as the wire contract says. */
const root = mkdtempSync(join(tmpdir(), "alter-vault-connect-"));
const KEY = join(root, "fake.key");
const GRANT = "01890000-0000-7000-8000-000000000001";
const SESSION = "01890000-0000-7000-8000-000000000002";
const TOKEN = "fake-session-token";
const AT = "2026-11-25T12:00:00.000Z";

let server: Server;
let url: string;
let answers: Partial<Record<RouteId, unknown[]>>;
let asked: { id: string; param: string; body: unknown }[];

/** The route of a request, by the table; the parameter stands in for `{id}`. */
function routeOf(method: string, path: string): { id: RouteId; param: string } | null {
  for (const [id, route] of Object.entries(ROUTES)) {
    const match = new RegExp(`^${route.path.replace("{id}", "([^/]+)")}$`).exec(path);
    if (route.method === method && match) return { id: id as RouteId, param: match[1] ?? "" };
  }
  return null;
}

beforeAll(async () => {
  writeFileSync(KEY, formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES)));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const route = routeOf(request.method ?? "", request.url ?? "");
      const text = Buffer.concat(chunks).toString();
      asked.push({ id: route?.id ?? "", param: route?.param ?? "", body: text === "" ? null : JSON.parse(text) });
      const queue = route ? (answers[route.id] ?? []) : [];
      const answer = queue.length > 1 ? queue.shift() : queue[0];
      response.writeHead(answer ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  answers = {};
  asked = [];
});

const there = (...args: string[]): string[] => [...args, "--url", url, "--api-key-file", KEY];
const bodies = (id: RouteId): unknown[] => asked.filter((call) => call.id === id).map(({ body }) => body);

const state = (over: Partial<ConnectSessionState> = {}): ConnectSessionState => ({
  session_id: SESSION,
  status: "pending",
  grants: [],
  error: null,
  expires_at: AT,
  ...over,
});
const completed = state({
  status: "completed",
  grants: [
    {
      grant_id: GRANT,
      provider: "github",
      provider_name: "GitHub",
      account_identifier: "ada",
      account_display_name: "Ada",
      scopes: ["repo"],
      missing_scopes: ["gist"],
      status: "active",
      operation: "creation",
      timestamp: AT,
      expires_at: null,
      grant_policy: null,
    },
  ],
});

describe("connect link", () => {
  const session = {
    session_id: SESSION,
    session_token: TOKEN,
    connect_url: "https://vault.example.com/connect?session=fake",
    expires_in: 600,
    expires_at: AT,
  };
  beforeEach(() => {
    answers.createConnectSession = [session];
  });

  test("says what was asked for, and prints the link", async () => {
    const args = there("connect", "link", "--provider", "github", "--return-url", "https://app.example.com/done");
    const options = ["--scope", "repo", "--scope", "gist", "--variable", "tenant=one", "--label", "work"];
    const more = ["--agent", "bot", "--login-hint", "ada", "--ttl", "1h", "--max-ttl", "1d", "--expires-in", "5m"];
    const linked = await run([...args, ...options, ...more, "--grant", GRANT]);
    expect(linked.code).toBe(0);
    expect(linked.stdout.split("\n")[0]).toBe(session.connect_url);
    expect(bodies("createConnectSession")).toEqual([
      {
        allowed_providers: ["github"],
        return_url: "https://app.example.com/done",
        required_scopes: { github: ["repo", "gist"] },
        variables: { github: { tenant: "one" } },
        grant_policy: { default_ttl_seconds: 3_600, max_ttl_seconds: 86_400 },
        grant_id: GRANT,
        label: "work",
        agent: "bot",
        login_hint: "ada",
        expires_in_seconds: 300,
      },
    ]);
    expect((await json(there("connect", "link"))).answer).toEqual(session);
    expect(bodies("createConnectSession").at(-1)).toEqual({});
  });

  test("opens the link and waits until it is done", async () => {
    answers.pollConnectSession = [state(), completed];
    const opened: string[] = [];
    const args = there("connect", "link", "--provider", "github", "--open", "--wait");
    const { code, answer, stderr } = await json(args, { openUrl: (page) => void opened.push(page) });
    expect([code, answer, opened]).toEqual([0, completed, [session.connect_url]]);
    expect(stderr).toContain(session.connect_url);
    expect(bodies("pollConnectSession")).toEqual([{ session_token: TOKEN }, { session_token: TOKEN }]);
  }, 10_000);

  test("prints what was connected", async () => {
    answers.pollConnectSession = [completed];
    const { stdout } = await run(there("connect", "link", "--wait"));
    expect(stdout).toMatch(/^Connected\.\n\nGRANT ID .*\n/);
    expect(stdout).toMatch(new RegExp(`${GRANT} +github +ada +new +repo +gist\n`));
  });

  test.each<[string, Partial<ConnectSessionState>, number, string]>([
    ["declined", { status: "denied" }, 3, "connect_denied"],
    ["failed", { status: "failed" }, 1, "connect_provider_error"],
    [
      "failed for a reason",
      { status: "failed", error: { code: "connect_account_mismatch", detail: "bob", provider_id: "github" } },
      5,
      "connect_account_mismatch",
    ],
    ["run out", { status: "expired" }, 1, "connect_timeout"],
    [
      "failed for a reason of a newer vault",
      { status: "failed", error: { code: "from_the_future", detail: "x", provider_id: null } },
      1,
      "from_the_future",
    ],
  ])("%s", async (_name, over, exitCode, code) => {
    answers.pollConnectSession = [state(over)];
    expect(await json(there("connect", "link", "--wait"))).toMatchObject({ code: exitCode, answer: { code } });
  });

  test("scopes and variables belong to one provider", async () => {
    for (const providers of [[], ["--provider", "a", "--provider", "b"]]) {
      expect((await run(there("connect", "link", ...providers, "--scope", "x"))).code).toBe(2);
    }
    expect(asked).toEqual([]);
  });
});

test("connect device shows the code and waits", async () => {
  answers.createDeviceConnect = [
    {
      session_id: SESSION,
      session_token: TOKEN,
      user_code: "FAKE-CODE",
      verification_uri: "https://github.example.com/device",
      verification_uri_complete: null,
      interval: 1,
      expires_in: 900,
      expires_at: AT,
    },
  ];
  answers.pollConnectSession = [state(), completed];
  const args = there("connect", "device", "--provider", "github", "--scope", "repo", "--label", "work", "--ttl", "1h");
  const { code, answer, stderr } = await json(args);
  expect([code, answer]).toEqual([0, completed]);
  expect(stderr).toContain("https://github.example.com/device");
  expect(stderr).toContain("FAKE-CODE");
  expect(bodies("createDeviceConnect")).toEqual([
    { provider: "github", scopes: ["repo"], grant_policy: { default_ttl_seconds: 3_600 }, label: "work" },
  ]);
});

describe("revoking", () => {
  const revoked = {
    grant_id: GRANT,
    revoked_at: AT,
    success: true,
    message: "The grant was revoked.",
    provider_revocation: "failed",
    provider_detail: "server_error",
    manual_url: "https://github.example.com/settings",
  };
  const many = {
    matched: 3,
    revoked: 3,
    revoked_at_provider: 2,
    failed_at_provider: [{ grant_id: GRANT, detail: "server_error" }],
    dry_run: false,
  };

  test("one grant, and what the provider said", async () => {
    answers.revokeGrant = [revoked];
    answers.disconnectGrant = [revoked];
    for (const command of ["revoke", "disconnect"]) {
      const { code, stdout } = await run(there("grants", command, GRANT, "--reason", "left", "--yes"));
      expect(code).toBe(0);
      expect(stdout).toMatch(/at the provider +not revoked; the material is gone here\n/);
      expect(stdout).toMatch(/finish there +https:\/\/github\.example\.com\/settings\n/);
    }
    expect(asked).toEqual([
      { id: "revokeGrant", param: GRANT, body: { reason: "left" } },
      { id: "disconnectGrant", param: GRANT, body: { reason: "left" } },
    ]);
  });

  test("many, by every condition", async () => {
    answers.revokeGrants = [many];
    const conditions = ["--provider", "github", "--account", "ada", "--before", "2026-01-31", "--after", "2026-01-01"];
    const { code, stdout } = await run(there("grants", "revoke", ...conditions, "--reason", "incident", "--yes"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/not revoked there +1\n/);
    expect(stdout).toContain(`${GRANT}  server_error`);
    expect(bodies("revokeGrants")).toEqual([
      {
        provider_id: "github",
        account_identifier: "ada",
        created_before: "2026-01-31T00:00:00.000Z",
        created_after: "2026-01-01T00:00:00.000Z",
        reason: "incident",
        dry_run: false,
      },
    ]);
  });

  test("a dry run counts, and needs no --yes", async () => {
    answers.revokeGrants = [{ ...many, revoked: 0, failed_at_provider: [], dry_run: true }];
    const { code, stdout } = await run(there("grants", "revoke", "--all", "--dry-run"));
    expect([code, stdout]).toEqual([0, "3 would be revoked. Nothing was changed.\n"]);
    expect(bodies("revokeGrants")).toEqual([{ all: true, dry_run: true }]);
  });

  test.each([
    ["nothing named", []],
    ["a grant and a condition", [GRANT, "--provider", "github"]],
    ["a dry run of one", [GRANT, "--dry-run"]],
    ["many without --yes", ["--all"]],
    ["a time that is none", ["--before", "soon"]],
  ])("%s is wrong usage, and nothing is asked of the vault", async (_name, args) => {
    expect((await run(there("grants", "revoke", ...args))).code).toBe(2);
    expect(asked).toEqual([]);
  });
});

test("grants refresh shows the grant afterwards", async () => {
  answers.refreshGrant = [
    {
      grant_id: GRANT,
      app_id: SESSION,
      grant_kind: "oauth",
      secret_id: null,
      provider_id: "github",
      principal_type: "system",
      principal_id: null,
      label: null,
      status: "active",
      allow_retrieve: false,
      created_at: AT,
      expires_at: null,
      revoked_at: null,
      account_identifier: "ada",
      account_display_name: null,
      scopes: ["repo"],
      scope_mismatch: false,
      missing_scopes: [],
      credential_status: "ok",
      credential_problem: null,
      token_expires_at: AT,
      last_refreshed_at: AT,
      grant_policy: null,
    },
  ];
  const { code, stdout } = await run(there("grants", "refresh", GRANT));
  expect(code).toBe(0);
  expect(stdout).toMatch(/credential +ok\n/);
  expect(stdout).toMatch(/refreshed +2026-11-25T12:00:00\.000Z\n/);
  expect(asked).toEqual([{ id: "refreshGrant", param: GRANT, body: null }]);
});
