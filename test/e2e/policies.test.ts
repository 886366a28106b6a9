import { HttpMethod, PolicyViolationError, RateLimitError } from "@alter-vault/sdk";
import { policy, rule, type PolicyDocument } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { expectWritten } from "../harness/expect-written.ts";
import {
  getThrough,
  rawCall,
  sendMessage,
  signedMessage,
  withHeaders,
  type RawAnswer,
  type RawMessage,
} from "../harness/raw-call.ts";
import { startUpstream, type Answer, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

const TOKEN = "fake-token-policies-0123456789";

let vault: TestVault;
let upstream: Upstream;
let grantId: string;
let answer: Answer | null;

beforeEach(async () => {
  answer = null;
  upstream = await startUpstream((...given) => (answer ?? plain)(...given));
  vault = await startTestVault();
  grantId = await vault.bearer(TOKEN, [upstream.origin]);
});
const plain: Answer = (_call, response) => response.end("fine");
afterEach(async () => {
  await vault.stop();
  await upstream.close();
});

const publish = (document: PolicyDocument) => vault.operator.call("publishPolicy", { body: { document } });
const call = (path: string, json?: unknown) =>
  vault.sdk().request(json === undefined ? HttpMethod.GET : HttpMethod.POST, `${upstream.origin}${path}`, {
    grantId,
    ...(json === undefined ? {} : { json }),
    runId: "run-1",
    threadId: "thread-1",
  });
const seen = (): number => upstream.calls.length;

/** Not sent, written down, and said why. */
async function expectDenied(calling: Promise<unknown>, ruleId: string, reason: RegExp): Promise<void> {
  const before = seen();
  const error = await calling.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PolicyViolationError);
  expect(error).toMatchObject({ ruleId, policyError: expect.stringMatching(reason) });
  expect(seen()).toBe(before);
  expect(await vault.lastEntry()).toMatchObject({ decision: "deny", rule: ruleId, outcome: "none" });
}

describe("rules", () => {
  test("deny by path, by field, and by what cannot be told, from the moment they are published", async () => {
    await call("/ok");
    await publish(
      policy({
        rules: [
          rule("no-admin")
            .named("Admin")
            .when({ path: ["/admin/**"] })
            .deny("Hands off"),
          rule("small")
            .when({ method: ["POST"], body: [{ field: "/amount", greater_than: 100 }] })
            .deny("Too much"),
        ],
      }),
    );
    await expectDenied(call("/admin/users"), "no-admin", /Admin: Hands off/);
    expect((await vault.lastEntry()).policy_version).toBe(1);
    await expectDenied(call("/%61dmin/users"), "no-admin", /Hands off/);
    await expectDenied(call("/pay", { amount: "101" }), "small", /Too much/);
    await expectDenied(call("/pay", { amount: {} }), "small", /cannot be evaluated/);
    await call("/pay", { amount: 5 });
    expect(await vault.lastEntry()).toMatchObject({ decision: "allow", policy_version: 1, outcome: "provider" });
  });

  test("a streamed body cannot be looked into, and is denied where a rule must look", async () => {
    await publish(
      policy({
        rules: [
          rule("look")
            .when({ body: [{ field: "/a", exists: true }] })
            .deny(),
        ],
      }),
    );
    const body = new Blob(["{}"]).stream() as ReadableStream<Uint8Array>;
    const extraHeaders = { "content-type": "application/json" };
    const sending = vault.sdk().request(HttpMethod.POST, `${upstream.origin}/x`, { grantId, body, extraHeaders });
    await expectDenied(sending, "look", /a stream/);
  });

  test("a redirect must be permitted, too", async () => {
    await publish(
      policy({
        rules: [
          rule("no-admin")
            .when({ path: ["/admin"] })
            .deny(),
        ],
      }),
    );
    answer = ({ url }, response) => {
      if (url === "/go") response.writeHead(302, { location: "/admin" });
      response.end();
    };
    await expect(call("/go")).rejects.toMatchObject({ code: "redirect_refused" });
    expect(upstream.calls.map(({ url }) => url)).toEqual(["/go"]);
  });

  test("what is withdrawn is withdrawn at once, and rolling back brings it back", async () => {
    await publish(policy({ rules: [rule("all").deny("Closed")] }));
    await expectDenied(call("/a"), "all", /Closed/);
    await publish(policy({}));
    await call("/a");
    await vault.operator.call("publishPolicy", { body: { version: 1, note: "back" } });
    await expectDenied(call("/a"), "all", /Closed/);
    await vault.restart();
    await expectDenied(call("/a"), "all", /Closed/);
  });

  test("a shadow changes nothing and is written down", async () => {
    await vault.operator.call("shadowPolicy", { body: { document: policy({ rules: [rule("all").deny("Closed")] }) } });
    await call("/a");
    expect((await vault.lastEntry()).shadow).toBe("version 1 denies by all: all: Closed");
    await vault.operator.call("endPolicyShadow");
    await call("/a");
    expect((await vault.lastEntry()).shadow).toBeNull();
  });

  test("one in Cedar", async () => {
    const text = 'forbid (principal, action, resource) when { context.host == "127.0.0.1" };';
    await publish(policy({ cedar: [{ id: "free", name: "Free", scope: { provider: "demo" }, policy: text }] }));
    await expectDenied(call("/a"), "free", /the rule "Free" denies it/);
  });

  test("a policy that is not valid is not published", async () => {
    const bad = policy({
      rules: [
        rule("a")
          .unless({ source_ip: ["10.0.0.1/8"] })
          .deny(),
      ],
    });
    await expect(publish(bad)).rejects.toMatchObject({ report: { code: "policy_invalid" } });
    expect((await vault.operator.call("getPolicy")).published).toBeNull();
  });

  test("two who publish at once do not overwrite each other", async () => {
    const body = { document: policy({}), expected_version: null };
    await vault.operator.call("publishPolicy", { body });
    await expect(vault.operator.call("publishPolicy", { body })).rejects.toMatchObject({
      report: { code: "conflict" },
    });
  });
});

describe("a call that is dressed up as another", () => {
  const REFUSED = "target";
  const send = (method: string, path: string, headers: [string, string][] = [], body = "") =>
    rawCall(vault.url, vault.apiKey, {
      alter: {
        "alter-method": method,
        "alter-target": path.startsWith("/") ? `${upstream.origin}${path}` : path,
        "alter-grant": grantId,
        ...withHeaders(...headers),
      },
      body,
    });

  beforeEach(() =>
    publish(
      policy({
        rules: [
          rule("keep")
            .when({ method: ["DELETE"] })
            .deny("Nothing is deleted"),
          rule("no-admin")
            .when({ path: ["/admin/**"] })
            .deny("Hands off"),
          rule("small")
            .when({ path: ["/pay"], body: [{ field: "/amount", greater_than: 100 }] })
            .deny("Too much"),
        ],
      }),
    ),
  );

  const form: [string, string] = ["Content-Type", "application/x-www-form-urlencoded"];
  const json: [string, string] = ["CONTENT-TYPE", "application/json"];
  test.each<[string, string, Parameters<typeof send>]>([
    ["a header for another method", "header_forbidden", ["POST", "/x", [["X-HTTP-Method-Override", "DELETE"]]]],
    ["in another letter case", "header_forbidden", ["POST", "/x", [["x-hTTp-mEthod", "DELETE"]]]],
    ["a header for another path", "header_forbidden", ["GET", "/x", [["X-Original-URL", "/admin/x"]]]],
    ["a field of a form", "keep", ["POST", "/x", [form], "a=1&%5Fmethod=delete"]],
    ["a name in the query", "keep", ["POST", "/x?_Method=delete"]],
    ["a path in capitals", "no-admin", ["GET", "/ADMIN/x"]],
    ["a path with two slashes", "no-admin", ["GET", "/x//admin"]],
    ["a path that climbs", REFUSED, ["GET", "/x/../admin/x"]],
    ["and encoded", REFUSED, ["GET", "/x/%2e%2e/admin/x"]],
    ["a name in capitals", "small", ["POST", "/pay", [json], '{"AMOUNT":500}']],
    ["two types", "small", ["POST", "/pay", [json, ["content-type", "text/plain"]], '{"amount":500}']],
    ["a compressed body", "small", ["POST", "/pay", [json, ["Content-Encoding", "gzip"]], "{}"]],
    ["a type that nobody reads", "small", ["POST", "/pay", [["content-type", "text/plain"]], '{"amount":500}']],
    ["a host with a dot at its end", REFUSED, ["GET", "https://api.example.com./admin/x"]],
    ["a host with a user", REFUSED, ["GET", "https://api.example.com@127.0.0.1/admin/x"]],
  ])("%s", async (_name, by, call) => {
    const { problem } = await send(...call);
    const entry = await vault.lastEntry();
    if (by === "header_forbidden") expect(problem?.code).toBe(by);
    else if (by === REFUSED) expect(problem?.code).toMatch(/^target_/);
    else expect(problem).toMatchObject({ code: "policy_denied", rule_id: by });
    expect(entry).toMatchObject({ decision: "deny", code: problem?.code, outcome: "none" });
    expect(seen()).toBe(0);
  });

  test("and what is what it looks like goes through", async () => {
    expect((await send("POST", "/pay", [json], '{"amount":5,"payment_method":"card"}')).status).toBe(200);
    expect((await send("POST", "/x", [form], "payment_method=card")).status).toBe(200);
    expect(seen()).toBe(2);
  });
});

describe("stops", () => {
  test.each([
    ["provider", "demo"],
    ["run", "run-1"],
    ["thread", "thread-1"],
  ] as const)("a %s", async (kind, value) => {
    await call("/a");
    await vault.operator.call("putStop", { body: { kind, value, reason: "Odd" } });
    await expectDenied(call("/a"), `stop.${kind}`, new RegExp(`the ${kind} ${value} was stopped: Odd`));
    await vault.operator.call("liftStop", { body: { kind, value } });
    await call("/a");
  });

  test("an agent, by its name", async () => {
    const agent = await vault.operator.call("createAgent", { body: { name: "bot" } });
    const { secret_id } = (await vault.operator.call("listGrants")).grants[0] ?? {};
    const grant = await vault.operator.call("createGrant", {
      id: secret_id ?? "",
      body: { principal: { type: "agent", agent_id: agent.agent_id } },
    });
    const asAgent = () =>
      vault
        .sdk({ apiKey: agent.api_key ?? "" })
        .request(HttpMethod.GET, `${upstream.origin}/a`, { grantId: grant.grant_id });
    await asAgent();
    await vault.operator.call("putStop", { body: { kind: "agent", value: "bot" } });
    await expectDenied(asAgent(), "stop.agent", /the agent bot was stopped/);
    await vault.operator.call("liftStop", { body: { kind: "agent", value: "bot" } });
    await publish(policy({ rules: [rule("bot").on({ agent: "bot" }).deny("Not today")] }));
    await expectDenied(asAgent(), "bot", /Not today/);
    await call("/a");
  });
});

describe("limits", () => {
  test("a rate limit lets through what it says, tells when to come back, and holds over a restart", async () => {
    await publish(policy({ rules: [rule("calm").rateLimit({ calls: 3, window_seconds: 60, per: "grant" })] }));
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => call("/a")));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(seen()).toBe(3);
    await vault.restart();
    const error = await call("/a").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toBeInstanceOf(PolicyViolationError);
    expect(error).toMatchObject({ code: "rate_limited", ruleId: "calm", retryable: true });
    expect((error as RateLimitError).retryAfterSeconds).toBeGreaterThan(50);
    expect(seen()).toBe(3);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", rule: "calm", code: "rate_limited" });
  });

  test("what is left is told with every answer", async () => {
    await publish(policy({ rules: [rule("calm").rateLimit({ calls: 5, window_seconds: 60, per: "app" })] }));
    const alter = getThrough(grantId, `${upstream.origin}/a`);
    const { headers } = await rawCall(vault.url, vault.apiKey, { alter });
    expect(headers["alter-ratelimit-policy"]).toBe('"calm";q=5;w=60');
    expect(headers["alter-ratelimit"]).toMatch(/^"calm";r=4;t=\d+$/);
  });

  test("a budget per run is used up, and another run has its own", async () => {
    await publish(policy({ rules: [rule("budget").budget({ calls: 2, per: "run" })] }));
    await call("/a");
    await call("/a");
    await expectDenied(call("/a"), "budget", /used up/);
    await vault.sdk().request(HttpMethod.GET, `${upstream.origin}/a`, { grantId, runId: "run-2" });
  });

  test("so many at the same time, and no more", async () => {
    await publish(policy({ rules: [rule("two").concurrency({ calls: 2, per: "grant" })] }));
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    answer = (_call, response) => void gate.then(() => response.end());
    const waiting = [call("/a"), call("/a")];
    while (seen() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(call("/a")).rejects.toMatchObject({ code: "rate_limited", ruleId: "two" });
    expect(seen()).toBe(2);
    expect(await vault.lastEntry()).toMatchObject({ decision: "deny", rule: "two", code: "rate_limited" });
    open();
    await Promise.all(waiting);
    await call("/a");
  });

  test("a place is free again, however its call has ended", async () => {
    await publish(policy({ rules: [rule("one").concurrency({ calls: 1, per: "grant" })] }));
    const through = (path: string, signal?: AbortSignal) =>
      vault
        .sdk()
        .request(HttpMethod.POST, `${upstream.origin}${path}`, { grantId, body: "x", ...(signal ? { signal } : {}) })
        .then((response) => response.text())
        .catch((error: unknown) => error);
    answer = (_call, response) => response.writeHead(500).end("broken");
    await through("/error");
    answer = (_call, response) => response.socket?.destroy();
    expect(await through("/cut")).toMatchObject({ code: "upstream_unreachable" });
    answer = (_call, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.socket?.destroy(), 20);
    };
    await through("/half");
    answer = () => undefined;
    const gone = new AbortController();
    const hanging = through("/hanging", gone.signal);
    while (!upstream.calls.some(({ url }) => url === "/hanging")) await sleep(5);
    gone.abort();
    await hanging;
    answer = null;
    await sleep(50);
    expect(await through("/well")).toBe("fine");
  });

  test("a place is free again when its call was never sent", async () => {
    const broken = await vault.bearer("fake-token-of-another-0123456789", [upstream.origin]);
    // A value that was moved to another record does not open.
    await vault.query(
      "UPDATE secrets SET sealed_value = (SELECT sealed_value FROM secrets WHERE name = 'secret 1') WHERE name = 'secret 2'",
    );
    await vault.restart();
    await publish(policy({ rules: [rule("one").concurrency({ calls: 1, per: "app" })] }));
    for (let times = 0; times < 2; times++) {
      const { problem } = await rawCall(vault.url, vault.apiKey, { alter: getThrough(broken, `${upstream.origin}/x`) });
      expect(problem?.code).toBe("credential_unreadable");
    }
    expect(await vault.lastEntry()).toMatchObject({
      decision: "allow",
      outcome: "vault_error",
      outcome_code: "credential_unreadable",
    });
    expect(seen()).toBe(0);
    expect((await call("/a")).status).toBe(200);
  });
});

describe("a request that is repeated by somebody who has seen it", () => {
  const times = (count: number, message: RawMessage): Promise<RawAnswer[]> =>
    Promise.all(Array.from({ length: count }, () => sendMessage(vault.url, message)));
  const expectReplays = async (count: number, answers: readonly RawAnswer[]): Promise<void> => {
    expect(answers.map(({ problem }) => problem?.code)).toEqual(Array(count).fill("request_replayed"));
    for (const { problem } of answers) await expectWritten(vault.operator, problem, { rule: "identity.replay" });
  };
  const copiesOf = async (message: RawMessage, count: number): Promise<void> =>
    expectReplays(count, await times(count, message));
  /** Sent for the first time, all at once: one goes through. */
  const oneOf = async (message: RawMessage, count: number): Promise<void> => {
    const answers = await times(count, message);
    const refused = answers.filter(({ status }) => status !== 200);
    await expectReplays(count - 1, refused);
  };
  const expectTooMany = async (message: RawMessage): Promise<void> => {
    const before = seen();
    const { problem } = await sendMessage(vault.url, message);
    expect(problem?.code).toBe("rate_limited");
    await expectWritten(vault.operator, problem);
    expect(seen()).toBe(before);
  };
  const message = (alter: Record<string, string> = {}, key = vault.apiKey): RawMessage =>
    signedMessage(vault.url, key, {
      alter: { ...getThrough(grantId, `${upstream.origin}/a`), "alter-context": '{"run_id":"run-1"}', ...alter },
    });

  test("uses up no rate, no budget and no place", async () => {
    await publish(
      policy({
        rules: [
          rule("calm").rateLimit({ calls: 3, window_seconds: 600, per: "grant" }),
          rule("budget").budget({ calls: 3, per: "run" }),
          rule("one").concurrency({ calls: 1, per: "grant" }),
        ],
      }),
    );
    const sent = message();
    expect((await sendMessage(vault.url, sent)).status).toBe(200);
    await copiesOf(sent, 20);
    await call("/a");
    await call("/a");
    expect(seen()).toBe(3);
    await expectDenied(call("/a"), "budget", /used up/);
  });

  test("at the very same moment: one is counted", async () => {
    await publish(
      policy({
        rules: [
          rule("calm").rateLimit({ calls: 20, window_seconds: 600, per: "grant" }),
          rule("budget").budget({ calls: 20, per: "run" }),
        ],
      }),
    );
    await oneOf(message(), 16);
    const { headers } = await sendMessage(vault.url, message());
    expect(headers["alter-ratelimit"]).toMatch(/^"(?:calm|budget)";r=18/);
    expect(seen()).toBe(2);
  });

  test("uses up nothing of its key", async () => {
    const { api_key } = await vault.operator.call("createKey", {
      body: { name: "slow", constraints: { requests_per_minute: 3 } },
    });
    const sent = message({}, api_key);
    expect((await sendMessage(vault.url, sent)).status).toBe(200);
    await copiesOf(sent, 10);
    await oneOf(message({}, api_key), 2);
    expect((await sendMessage(vault.url, message({}, api_key))).status).toBe(200);
    await expectTooMany(message({}, api_key));
    await copiesOf(sent, 3);
    expect(seen()).toBe(3);
  });

  test("uses up nothing of its key with a question either", async () => {
    const { api_key } = await vault.operator.call("createKey", {
      body: { name: "asks", constraints: { requests_per_minute: 3 } },
    });
    const alter = getThrough(grantId, `${upstream.origin}/a`);
    const question = (): RawMessage => signedMessage(vault.url, api_key, { path: "/v1/preview", alter });
    await oneOf(question(), 3);
    expect((await sendMessage(vault.url, question())).status).toBe(200);
    expect((await sendMessage(vault.url, question())).status).toBe(200);
    await expectTooMany(question());
    expect(seen()).toBe(0);
  });

  test("has nobody asked to approve it again", async () => {
    const effect = { approvers: { operator: true }, quorum: 1, expires_in_seconds: 600 };
    await publish(policy({ rules: [rule("ask").requireApproval(effect)] }));
    const { api_key } = await vault.operator.call("createKey", { body: { name: "asks" } });
    const alter = { "alter-reason": '"For the tea"' };
    const sent = message(alter, api_key);
    const { problem } = await sendMessage(vault.url, sent);
    expect(problem?.code).toBe("approval_required");
    await expectWritten(vault.operator, problem, { rule: "ask" });
    expect(seen()).toBe(0);
    const id = problem?.approval_id ?? "";
    await vault.operator.call("decideApproval", { id, body: { decision: "approve" } });
    let answer = await sendMessage(vault.url, message(alter, api_key));
    while (answer.problem?.code === "approval_executing") {
      await sleep(20);
      answer = await sendMessage(vault.url, message(alter, api_key));
    }
    expect(answer.status).toBe(200);
    await copiesOf(sent, 5);
    const { approvals } = await vault.operator.call("listApprovals", {});
    expect(approvals.map(({ approval_id }) => approval_id)).toEqual([id]);
    expect(seen()).toBe(1);
  });
});

describe("explain", () => {
  beforeEach(() =>
    publish(
      policy({
        rules: [
          rule("admin")
            .when({ path: ["/admin/**"] })
            .unless({ groups: ["ops"] })
            .deny("Hands off"),
          rule("post")
            .when({ method: ["POST"] })
            .deny(),
        ],
      }),
    ),
  );

  test("a call that was made", async () => {
    await call("/admin/x").catch(() => undefined);
    const { entry_id } = await vault.lastEntry();
    const explained = await vault.operator.call("explainPolicy", { body: { entry_id } });
    expect(explained).toMatchObject({ policy_version: 1, outcome: "deny", rule: "admin", reason: "admin: Hands off" });
    expect(explained.rules.find(({ id }) => id === "admin")).toMatchObject({
      applies: true,
      conditions: [
        { part: "when", name: "path", expected: "/admin/**", actual: "/admin/x", holds: true },
        { part: "unless", name: "groups", expected: "ops", actual: "none", holds: false },
      ],
      changes: ["path is anything but: /admin/**", "groups is: ops"],
    });
  });

  test("a call that might be", async () => {
    const request = { url: "https://api.example.com/admin/x", groups: ["ops"] };
    const explained = await vault.operator.call("explainPolicy", { body: { request } });
    expect(explained).toMatchObject({ outcome: "allow", rule: null });
  });
});
