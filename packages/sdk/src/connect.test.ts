import { inspect } from "node:util";
import { ERROR_CODES, makeProblem, type ErrorCode } from "@alter-vault/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { connect, type ConnectOptions } from "./connect.ts";
import { createCore } from "./core.ts";
import {
  AlterValueError,
  BackendError,
  ConnectConfigError,
  ConnectDeniedError,
  ConnectFlowError,
  ConnectTimeoutError,
  NetworkError,
} from "./errors.ts";
import {
  CONNECTED,
  FAKE_CONNECTED,
  FAKE_SESSION,
  FAKE_SESSION_TOKEN,
  fakeState,
  sendSession,
} from "./fake-connect.test-support.ts";
import { fakePlatform, type FakePlatform } from "./fake-platform.test-support.ts";
import { FAKE_API_KEY, GRANT_ID, sendProblem, type Handler } from "./fake-vault.test-support.ts";
import type { Platform } from "./platform.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const URL_ = FAKE_SESSION.connect_url;

const fake = useFakeVault();
let machine: FakePlatform;

function run(options: ConnectOptions = {}, own: Partial<Platform> = {}): ReturnType<typeof connect> {
  machine = fakePlatform(fake.server, own);
  const logger = { warn: (line: string) => void fake.warnings.push(line) };
  return connect(
    createCore({ apiKey: FAKE_API_KEY, baseUrl: fake.server.url, timeout: 150, logger }, machine),
    options,
  );
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
}

function polls(): number {
  return fake.server.seen.filter(({ path }) => path.endsWith("/poll")).length;
}

describe("the way it goes", () => {
  test("opens the browser, asks every two seconds, and resolves with what was connected", async () => {
    fake.server.answer(sendSession, fakeState("pending"), fakeState("pending"), fakeState("completed"));
    expect(await run({ providers: ["google"] })).toEqual([CONNECTED]);
    expect(machine.opened).toEqual([URL_]);
    expect(machine.printed).toEqual([]);
    expect(machine.slept).toBe(6000);
    expect(fake.sentBody()).toEqual({
      allowed_providers: ["google"],
      expires_in_seconds: 300,
    });
    expect(JSON.parse(String(fake.server.seen[1]?.body))).toEqual({ session_token: FAKE_SESSION_TOKEN });
    expect(polls()).toBe(3);
  });

  test("one result for each provider", async () => {
    const other = { ...FAKE_CONNECTED, provider: "github", grant_policy: null };
    fake.server.answer(sendSession, fakeState("completed", { grants: [FAKE_CONNECTED, other] }));
    const results = await run({ providers: ["google", "github"] });
    expect(results.map(({ providerId, connectionPolicy }) => [providerId, connectionPolicy])).toEqual([
      ["google", { maxTtlSeconds: 86_400 }],
      ["github", null],
    ]);
  });

  test("what else is wanted goes into the session", async () => {
    fake.server.answer(sendSession, fakeState("completed"));
    await run({
      connectionPolicy: { max_ttl_seconds: 86_400, default_ttl_seconds: 3600 },
      requiredScopes: { google: ["calendar.read"] },
      grantId: GRANT_ID,
      agent: "mail-agent",
      returnUrl: "https://app.example/done",
      timeout: 7_200_500,
      pollInterval: 500,
    });
    expect(machine.slept).toBe(500);
    expect(fake.sentBody()).toEqual({
      grant_policy: { max_ttl_seconds: 86_400, default_ttl_seconds: 3600 },
      required_scopes: { google: ["calendar.read"] },
      grant_id: GRANT_ID,
      agent: "mail-agent",
      return_url: "https://app.example/done",
      expires_in_seconds: 7201,
    });
  });
});

describe("the link", () => {
  beforeEach(() => fake.server.answer(sendSession, fakeState("completed")));

  test("is printed without a browser, and goes to no logger", async () => {
    await run({ openBrowser: false });
    expect(machine.opened).toEqual([]);
    expect(machine.printed).toEqual([`To connect, open this link in a browser:\n\n  ${URL_}\n\n`]);
    expect(fake.warnings).toEqual([]);
  });

  test("is printed where no browser can be opened", async () => {
    await run({}, { openBrowser: () => Promise.resolve(false) });
    expect(machine.printed.join("")).toContain(URL_);
  });

  test("goes to onUrl instead, which is waited for", async () => {
    const urls: string[] = [];
    const onUrl = async (url: string): Promise<void> => {
      await Promise.resolve();
      expect(polls()).toBe(0);
      urls.push(url);
    };
    await run({ openBrowser: false, onUrl });
    expect(urls).toEqual([URL_]);
    expect(machine.printed).toEqual([]);
    expect(machine.opened).toEqual([]);
  });

  test("that onUrl cannot show ends it", async () => {
    const onUrl = (): Promise<void> => Promise.reject(new Error("no screen"));
    await expect(run({ openBrowser: false, onUrl })).rejects.toThrow("no screen");
    expect(polls()).toBe(0);
  });

  test("with nobody to show it to is an error that says what to pass", async () => {
    const failure = failureOf(run({ openBrowser: false }, { print: () => false }));
    expect(await failure).toBeInstanceOf(AlterValueError);
    expect(String(await failure)).toMatch(/Pass "onUrl"/);
  });
});

describe("it does not work", () => {
  test("the user declines", async () => {
    const error = { code: "connect_denied", detail: "Ada said no.", provider_id: "google" };
    fake.server.answer(sendSession, fakeState("pending", { error }), fakeState("denied", { error }));
    const failure = await failureOf(run());
    expect(failure).toBeInstanceOf(ConnectDeniedError);
    expect(failure).toMatchObject({
      code: "connect_denied",
      retryable: false,
      providerId: "google",
      message: "Connecting did not work: Ada said no. Ask again when the user is ready.",
    });
  });

  test("the user declines, and nothing more is known", async () => {
    fake.server.answer(sendSession, fakeState("denied"));
    expect(await failureOf(run())).toMatchObject({ name: "ConnectDeniedError", code: "connect_denied" });
  });

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])("failed with %s", async (code) => {
    fake.server.answer(sendSession, fakeState("failed", { error: { code, detail: "the detail", provider_id: null } }));
    const failure = await failureOf(run());
    expect(failure).toBeInstanceOf(ConnectFlowError);
    expect(failure).not.toBeInstanceOf(BackendError);
    const { sdkError, retryable, fix } = ERROR_CODES[code];
    expect(failure).toMatchObject({
      name: sdkError.startsWith("Connect") ? sdkError : "ConnectFlowError",
      code,
      retryable,
      details: { code, detail: "the detail", fix },
    });
  });

  test("failed with a code of a newer vault, or with none", async () => {
    const error = { code: "connect_moon_phase", detail: "wait", provider_id: "google" };
    fake.server.answer(sendSession, fakeState("failed", { error }));
    expect(await failureOf(run())).toMatchObject({
      name: "ConnectFlowError",
      providerId: "google",
      details: { code: "connect_moon_phase", detail: "wait" },
    });
    fake.server.answer(sendSession, fakeState("failed"));
    expect(await failureOf(run())).toMatchObject({ name: "ConnectFlowError", code: "connect_provider_error" });
  });

  test("the session expires", async () => {
    fake.server.answer(sendSession, fakeState("expired", { grants: [FAKE_CONNECTED] }));
    const failure = await failureOf(run());
    expect(failure).toBeInstanceOf(ConnectTimeoutError);
    expect(failure).toMatchObject({ code: "connect_timeout", connected: [CONNECTED] });
    expect(inspect(failure, { depth: 10 }) + JSON.stringify(failure)).not.toContain("ada@example.com");
  });

  test("the session itself is refused", async () => {
    fake.server.answer((_, response) => sendProblem(response, makeProblem("provider_not_configured", "no google")));
    expect(await failureOf(run())).toBeInstanceOf(ConnectConfigError);
    expect(machine.opened).toEqual([]);
  });

  test("the vault refuses to say how it stands", async () => {
    const refuse: Handler = (_, response) => sendProblem(response, makeProblem("invalid_key", "revoked"));
    fake.server.answer(sendSession, fakeState("pending"), refuse);
    expect(await failureOf(run())).toMatchObject({ name: "InvalidKeyError", code: "invalid_key" });
    expect(polls()).toBe(2);
  });
});

describe("time", () => {
  test("five minutes, and one question when they are over", async () => {
    fake.server.answer(sendSession, fakeState("pending"));
    const failure = await failureOf(run({ pollInterval: 70_000 }));
    expect(failure).toBeInstanceOf(ConnectTimeoutError);
    expect(failure).toMatchObject({ code: "connect_timeout", message: expect.stringContaining("within 300000 ms") });
    expect(machine.slept).toBe(300_000);
    expect(polls()).toBe(5);
  });

  test("what was connected before the time was over is not lost", async () => {
    fake.server.answer(sendSession, fakeState("pending", { grants: [FAKE_CONNECTED] }));
    expect(await failureOf(run({ timeout: 3000 }))).toMatchObject({ connected: [CONNECTED] });
    expect(machine.slept).toBe(3000);
  });

  test("the answer to the last question counts", async () => {
    fake.server.answer(sendSession, fakeState("pending"), fakeState("completed"));
    expect(await run({ timeout: 3000 })).toEqual([CONNECTED]);
  });
});

describe("a vault that is away for a while", () => {
  test.each<[string, Handler]>([
    ["the connection breaks", (_, response) => void response.destroy()],
    ["no answer in time", () => undefined],
    ["a gateway answers", (_, response) => void response.writeHead(502).end("Bad Gateway")],
    ["no storage", (_, response) => sendProblem(response, makeProblem("storage_unavailable", "down"))],
    ["too many calls", (_, response) => sendProblem(response, makeProblem("rate_limited", "slow down"))],
  ])("%s", async (_name, away) => {
    fake.server.answer(sendSession, away, fakeState("completed"));
    expect(await run()).toEqual([CONNECTED]);
    expect(polls()).toBe(2);
    expect(fake.warnings).toEqual([
      expect.stringMatching(/^Asking how a Connect session stands did not work \([a-z_]+\). Asking again.$/),
    ]);
    expect(fake.warnings.join()).not.toContain(FAKE_SESSION_TOKEN);
  });

  test("before there is a session, that is an error", async () => {
    fake.server.answer((_, response) => void response.destroy());
    expect(await failureOf(run())).toBeInstanceOf(NetworkError);
  });
});

describe("the caller stops", () => {
  test("while it waits", async () => {
    const stop = new AbortController();
    fake.server.answer(sendSession, fakeState("pending"));
    const sleep = async (): Promise<void> => {
      if (polls() === 2) stop.abort("enough");
    };
    expect(await failureOf(run({ signal: stop.signal }, { sleep }))).toBe("enough");
    expect(polls()).toBe(2);
  });

  test("while a question is under way", async () => {
    const stop = new AbortController();
    fake.server.answer(sendSession, () => stop.abort("enough"));
    expect(await failureOf(run({ signal: stop.signal }))).toBe("enough");
  });

  test("before it begins", async () => {
    expect(await failureOf(run({ signal: AbortSignal.abort("never") }))).toBe("never");
    expect(fake.server.seen).toHaveLength(0);
  });
});

test.each<[string, object, RegExp]>([
  ["a timeout over a day", { timeout: 86_400_001 }, /"timeout" must be a number of milliseconds from 1 to 86400000/],
  ["an interval that would flood the vault", { pollInterval: 1 }, /"pollInterval" must be .* from 50/],
  ["onUrl that is no function", { onUrl: "https://app.example" }, /"onUrl" must be a function/],
  ["a session's name", { allowedProviders: ["google"] }, /Did you mean "providers"/],
  ["no map of scopes", { scopes: ["a"] }, /Did you mean "requiredScopes"/],
  ["an option of the popup", { allowedOrigin: "https://app.example" }, /no option "allowedOrigin"/],
  ["a user token that is none", { userToken: {} }, /"userToken" must be/],
])("%s is refused before anything is sent", async (_name, options, message) => {
  const failure = failureOf(run(options));
  expect(await failure).toBeInstanceOf(AlterValueError);
  expect(String(await failure)).toMatch(message);
  expect(fake.server.seen).toHaveLength(0);
});
