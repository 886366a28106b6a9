import { makeProblem } from "@alter-vault/protocol";
import { Octokit } from "@octokit/rest";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { withContext } from "./context.ts";
import { AlterValueError, GrantRevokedError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  sendProblem,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type SeenRequest,
} from "./fake-vault.test-support.ts";

const silent = (): void => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };
const URL_ = "https://api.example.com/v1/items";
let server: FakeVault;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.answer((_, response) => sendProvider(response, 200, { "content-type": "application/json" }, '{"ok":true}'));
});

function last(): SeenRequest {
  const seen = server.seen.at(-1);
  if (seen === undefined) throw new Error("nothing was sent");
  return seen;
}

describe("it reads its arguments as fetch does", () => {
  test.each<[string, Parameters<typeof fetch>, Record<string, unknown>, string]>([
    ["a text", [URL_], { method: "GET", target: URL_ }, ""],
    ["a URL", [new URL(URL_)], { method: "GET", target: URL_ }, ""],
    ["a small method", [URL_, { method: "patch", body: "x" }], { method: "PATCH" }, "x"],
    ["a fragment", [`${URL_}#part`], { target: URL_ }, ""],
    ["braces are no template", [`${URL_}/{id}?q={a}`], { target: `${URL_}/%7Bid%7D?q=%7Ba%7D` }, ""],
    ["dots are resolved before", ["https://api.example.com/a/../b"], { target: "https://api.example.com/b" }, ""],
    ["redirect", [URL_, { redirect: "manual" }], { redirect: "manual" }, ""],
    [
      "a Request",
      [new Request(URL_, { method: "POST", body: "hi", redirect: "error" })],
      { method: "POST", redirect: "error" },
      "",
    ],
    [
      "a Request and init, which wins",
      [new Request(URL_, { method: "POST", body: "a" }), { method: "PUT", body: "b" }],
      { method: "PUT" },
      "b",
    ],
  ])("%s", async (_name, args, envelope, body) => {
    const response = await vault.fetch(GRANT_ID)(...args);
    expect(await response.json()).toEqual({ ok: true });
    expect(last().envelope).toMatchObject({ grant_id: GRANT_ID, ...envelope });
    if (body !== "") expect(last().body.toString()).toBe(body);
  });

  test("the body of a Request is streamed", async () => {
    server.streamBodies = true;
    server.answer(async (_, response, incoming) => {
      let text = "";
      for await (const chunk of incoming) text += String(chunk);
      sendProvider(response, 200, {}, text);
    });
    try {
      const request = new Request(URL_, { method: "POST", body: "hi" });
      const response = await vault.fetch(GRANT_ID)(request);
      expect(await response.text()).toBe("hi");
      expect(last().headers["alter-body"]).toBe("unsigned-stream");
      expect(last().envelope.headers).toContainEqual(["content-type", "text/plain;charset=UTF-8"]);
      await expect(vault.fetch(GRANT_ID)(request)).rejects.toThrow(TypeError);
    } finally {
      server.streamBodies = false;
    }
  });

  test("a relative URL is a TypeError, as with fetch", async () => {
    await expect(vault.fetch(GRANT_ID)("/v1/items")).rejects.toThrow(TypeError);
  });

  test("an abort rejects with its reason", async () => {
    server.answer(() => undefined);
    await expect(vault.fetch(GRANT_ID)(URL_, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    await expect(vault.fetch(GRANT_ID)(new Request(URL_, { signal: AbortSignal.abort("stop") }))).rejects.toBe("stop");
  });
});

test("headers that are not the caller's are left out, all others stay", async () => {
  const stripped = {
    Authorization: "Bearer fake-placeholder",
    "X-Amz-Security-Token": "fake",
    Cookie: "a=b",
    Host: "other.example",
    "Content-Length": "999",
    Connection: "close",
    "Keep-Alive": "1",
    "Accept-Encoding": "br",
    "Proxy-Authorization": "fake",
    "Proxy-Anything": "fake",
    "Transfer-Encoding": "chunked",
    TE: "trailers",
    Upgrade: "h2c",
    Expect: "100-continue",
    "Alter-Grant": "forged",
    "Sec-Fetch-Mode": "cors",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-Ip": "127.0.0.1",
    "X-Amz-Date": "20260101T000000Z",
    Via: "x",
  };
  const kept = { accept: "application/json", "user-agent": "their-sdk/1", "x-github-api-version": "2022-11-28" };
  await vault.fetch(GRANT_ID)(URL_, { headers: { ...stripped, ...kept } });
  expect(Object.fromEntries(last().envelope.headers)).toEqual(kept);
});

describe("answers", () => {
  test("4xx and 5xx resolve", async () => {
    server.answer((_, response) => sendProvider(response, 404, {}, "nope"));
    const response = await vault.fetch(GRANT_ID)(URL_);
    expect(response).toMatchObject({ status: 404, ok: false, url: URL_ });
  });

  test("a refusal of the vault rejects", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("grant_revoked", "gone")));
    await expect(vault.fetch(GRANT_ID)(URL_)).rejects.toBeInstanceOf(GrantRevokedError);
  });
});

describe("options", () => {
  test("hold for each call, with ambient context and a run id of its own", async () => {
    const send = vault.fetch({ provider: "github", account: "a", reason: "sync", threadId: "t" });
    await withContext({ threadId: "ambient", toolCallId: "c" }, () => send(URL_));
    expect(last().envelope).toMatchObject({ provider: "github", account: "a", reason: "sync" });
    expect(last().envelope.context).toMatchObject({
      thread_id: "t",
      tool_call_id: "c",
      run_id: expect.any(String) as string,
    });
  });

  test("a view's credential needs no argument", async () => {
    await vault.with({ grantId: GRANT_ID }).fetch()(URL_);
    expect(last().envelope.grant_id).toBe(GRANT_ID);
  });

  test.each([
    [undefined],
    [{}],
    ["not-a-grant"],
    [{ grantId: GRANT_ID, provider: "x" }],
    [{ grantId: GRANT_ID, json: {} }],
  ])("%j is refused at once", (options) => {
    expect(() => vault.fetch(options as string)).toThrow(AlterValueError);
  });
});

describe("with the providers' own SDKs", () => {
  test("Octokit", async () => {
    server.answer(
      (_, response) =>
        sendProvider(response, 200, { "content-type": "application/json; charset=utf-8" }, '{"login":"octocat"}'),
      (_, response) => sendProvider(response, 404, { "content-type": "application/json" }, '{"message":"Not Found"}'),
    );
    const octokit = new Octokit({ auth: "fake-placeholder", log: SILENT, request: { fetch: vault.fetch(GRANT_ID) } });
    const user = await octokit.rest.users.getAuthenticated();
    expect(user.data.login).toBe("octocat");
    expect(user.url).toBe("https://api.github.com/user");
    const names = last().envelope.headers.map(([name]) => name);
    expect(names).toContain("user-agent");
    expect(names).not.toContain("authorization");
    await expect(octokit.rest.issues.get({ owner: "o", repo: "r", issue_number: 1 })).rejects.toMatchObject({
      status: 404,
    });
    expect(last().envelope.target).toBe("https://api.github.com/repos/o/r/issues/1");
  });

  test("OpenAI, streaming", async () => {
    server.answer((_, response) => {
      response.writeHead(200, { "alter-outcome": "provider", "content-type": "text/event-stream" });
      for (const word of ["Hel", "lo"]) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`);
      }
      response.end("data: [DONE]\n\n");
    });
    const openai = new OpenAI({ apiKey: "fake-placeholder", fetch: vault.fetch(GRANT_ID), maxRetries: 0 });
    const stream = await openai.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "ü" }],
      stream: true,
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    expect(JSON.parse(last().body.toString())).toMatchObject({ stream: true, messages: [{ content: "ü" }] });
    expect(JSON.stringify(last().rawHeaders)).not.toContain("fake-placeholder");
  });
});
