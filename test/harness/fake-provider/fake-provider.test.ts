import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { consentAt } from "../scripted-user.ts";
import { startFakeProvider, type FakeProvider } from "./fake-provider.ts";
import type { Registration } from "./registration.ts";

/*
 * A fake that takes everything proves nothing. Each row is a right message with one thing wrong, and what must be said.
 */
const CALLBACK = "https://vault.example.com/callback";
const VERIFIER = "fake-verifier-0123456789-0123456789-0123456789";
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

let fake: FakeProvider;
let airtable: Registration;
let clock: number;
beforeEach(async () => {
  clock = 1_800_000_000_000;
  fake = await startFakeProvider({ callbackUrl: () => CALLBACK, now: () => clock });
  airtable = fake.at("airtable");
});
afterEach(() => fake.close());

const problems = (): string[] => fake.violations.map(({ problem }) => problem);

interface Sent {
  method?: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}
interface Answer {
  readonly status: number;
  readonly json: Record<string, string>;
}

function send({ method = "POST", url, headers, body = "" }: Sent): Promise<Answer> {
  const { host, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: fake.port, method, path: pathname + search, agent: false };
    const sending = httpRequest({ ...options, headers: { host, "user-agent": "test", ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, json: JSON.parse(text || "{}") as Record<string, string> });
      });
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

const encode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1);
const basicOf = ({ clientId, clientSecret }: Registration): string =>
  `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString("base64")}`;

function authorizeUrl(change: Readonly<Record<string, string | null>> = {}): string {
  const params: Record<string, string | null> = {
    response_type: "code",
    client_id: airtable.clientId,
    redirect_uri: CALLBACK,
    state: "fake-state-0123456789",
    scope: "data.records:read",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...change,
  };
  const pairs = Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== null);
  return `https://airtable.com/oauth2/v1/authorize?${new URLSearchParams(pairs).toString()}`;
}

async function codeRequest(change: Readonly<Record<string, string | null>> = {}): Promise<Sent> {
  const callback = await consentAt(fake, authorizeUrl());
  const params: Record<string, string | null> = {
    grant_type: "authorization_code",
    code: callback.searchParams.get("code"),
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    ...change,
  };
  return formTo(params);
}

function formTo(params: Readonly<Record<string, string | null>>): Sent {
  const pairs = Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== null);
  return {
    url: "https://airtable.com/oauth2/v1/token",
    headers: { authorization: basicOf(airtable), "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(pairs).toString(),
  };
}

async function connect(): Promise<Answer["json"]> {
  return (await send(await codeRequest())).json;
}

test("a right client comes through, and its tokens live and die by the entry", async () => {
  const first = await connect();
  const api = (token: string | undefined): Sent => ({
    method: "GET",
    url: "https://api.airtable.com/v0/x",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await send(api(first["access_token"]))).toMatchObject({ status: 200 });
  clock += 3_601_000;
  expect(await send(api(first["access_token"]))).toMatchObject({ status: 401 });
  const second = await send(formTo({ grant_type: "refresh_token", refresh_token: first["refresh_token"] ?? "" }));
  expect(second.json["refresh_token"]).not.toBe(first["refresh_token"]);
  expect(await send(api(second.json["access_token"]))).toMatchObject({ status: 200 });
  expect(problems()).toEqual([]);

  // A used-up refresh token ends everything.
  const reused = await send(formTo({ grant_type: "refresh_token", refresh_token: first["refresh_token"] ?? "" }));
  expect(reused).toMatchObject({ status: 400, json: { error: "invalid_grant" } });
  expect(await send(api(second.json["access_token"]))).toMatchObject({ status: 401 });
  expect(airtable.book.families).toMatchObject([{ refreshes: 1, reuses: 1, alive: false }]);
});

describe("the consent page refuses", () => {
  test.each([
    ["another client", { client_id: "somebody" }, /client_id is "somebody"/],
    ["another place to go back to", { redirect_uri: "https://evil.example/" }, /redirect_uri is/],
    ["no state", { state: null }, /state is missing/],
    ["a state one can guess", { state: "1" }, /easy to guess/],
    ["the implicit flow", { response_type: "token" }, /response_type is "token"/],
    ["no challenge", { code_challenge: null }, /code_challenge is missing/],
    ["a challenge that is none", { code_challenge: "x" }, /not a SHA-256/],
    ["a plain challenge", { code_challenge_method: "plain" }, /code_challenge_method is "plain"/],
    ["a scope that is none", { scope: "data.records:read,schema.bases:read" }, /there is no scope/],
    ["what it did not ask for", { access_type: "offline" }, /access_type does not belong there/],
  ])("%s", async (_what, change, problem) => {
    await expect(consentAt(fake, authorizeUrl(change))).rejects.toThrow(problem);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
  });
});

describe("the token endpoint refuses", () => {
  test.each<[string, Readonly<Record<string, string | null>>, RegExp]>([
    ["a code nobody got", { code: "fake-code" }, /never given out/],
    ["no code", { code: null }, /code is missing/],
    ["another verifier", { code_verifier: "another" }, /does not belong to the challenge/],
    ["no verifier", { code_verifier: null }, /code_verifier is missing/],
    ["another redirect URI", { redirect_uri: "https://evil.example/" }, /redirect_uri is/],
    ["another grant type", { grant_type: "client_credentials" }, /grant_type is/],
    ["a second way to show the client", { client_secret: "x" }, /client_secret does not belong there/],
    ["what it did not ask for", { audience: "x" }, /audience does not belong there/],
  ])("%s", async (_what, change, problem) => {
    expect((await send(await codeRequest(change))).status).toBeGreaterThanOrEqual(400);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
    expect(airtable.book.families).toEqual([]);
  });

  test.each<[string, (sent: Sent) => void, RegExp]>([
    ["no client", (sent) => delete sent.headers["authorization"], /Basic is missing/],
    [
      "a client that is not encoded",
      (sent) => {
        const { clientId, clientSecret } = airtable;
        sent.headers["authorization"] = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
      },
      /form-encoded/,
    ],
    ["JSON", (sent) => (sent.headers["content-type"] = "application/json"), /not form-encoded/],
    ["parameters in the URL", (sent) => (sent.url += "?code=1"), /URL: code does not belong there/],
    ["a client without a name", (sent) => (sent.headers["user-agent"] = ""), /has no User-Agent/],
  ])("%s", async (_what, change, problem) => {
    const sent = await codeRequest();
    change(sent);
    await send(sent);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
  });

  test("a code that comes twice, and ends what came of it", async () => {
    const sent = await codeRequest();
    expect((await send(sent)).status).toBe(200);
    expect((await send(sent)).status).toBe(400);
    expect(problems()).toContainEqual(expect.stringMatching(/used before/));
    expect(airtable.book.families).toMatchObject([{ alive: false }]);
  });

  test("a code that is too old", async () => {
    const sent = await codeRequest();
    clock += 601_000;
    expect((await send(sent)).status).toBe(400);
    expect(problems()).toContainEqual(expect.stringMatching(/too old/));
  });
});

describe("a refresh", () => {
  const refresh = (token: string | undefined): Promise<Answer> =>
    send(formTo({ grant_type: "refresh_token", refresh_token: token ?? "" }));

  test("with a token nobody got, and by another client, is refused", async () => {
    await refresh("fake-refresh");
    expect(problems()).toContainEqual(expect.stringMatching(/never given out/));
    const { refresh_token: token = "" } = await connect();
    const sent = formTo({ grant_type: "refresh_token", refresh_token: token });
    sent.headers["authorization"] = "Basic ZmFrZTpmYWtl";
    expect((await send(sent)).status).toBeGreaterThanOrEqual(400);
    expect(problems()).toContainEqual(expect.stringMatching(/names the client/));
    expect(airtable.book.families).toMatchObject([{ refreshes: 0 }]);
  });

  test("of a token that was not used for too long is refused", async () => {
    const { refresh_token: token } = await connect();
    clock += 61 * 86_400_000;
    expect(await refresh(token)).toMatchObject({ status: 400, json: { error: "invalid_grant" } });
    expect(problems()).toEqual([]);
  });

  test("is forgiven until the token that took its place is seen", async () => {
    airtable.behaviour.grace = "until-successor-is-used";
    const { refresh_token: token } = await connect();
    expect((await refresh(token)).status).toBe(200);
    const again = await refresh(token);
    expect(again.status).toBe(200);
    await send({
      method: "GET",
      url: "https://api.airtable.com/v0/x",
      headers: { authorization: `Bearer ${again.json["access_token"]}` },
    });
    expect((await refresh(token)).status).toBe(400);
    expect(airtable.book.families).toMatchObject([{ refreshes: 2, forgiven: 1, reuses: 1, alive: false }]);
  });
});

describe("the API", () => {
  test.each<[string, (token: string) => Partial<Sent>, RegExp]>([
    [
      "refuses a token in the URL",
      (token) => ({ url: `https://api.airtable.com/v0/x?access_token=${token}` }),
      /not where/,
    ],
    ["refuses a token in another header", (token) => ({ headers: { "x-token": token } }), /not where/],
    ["is at no other host", (token) => ({ url: `https://airtable.example/${token}` }), /nobody is at/],
  ])("%s", async (_what, change, problem) => {
    const { access_token: token = "" } = await connect();
    const sent = { method: "GET", url: "https://api.airtable.com/v0/x", headers: {}, ...change(token) };
    expect((await send(sent)).status).toBeGreaterThanOrEqual(400);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
    expect(fake.apiCalls).toEqual([]);
  });

  test("refuses a call without a header the provider wants", async () => {
    const notion = fake.at("notion");
    const token = notion.book.issueAccess(notion.book.openFamily([]), "main", null, null);
    const headers = { authorization: `Bearer ${token.value}` };
    const sent = { method: "GET", url: "https://api.notion.com/v1/x", headers };
    expect((await send(sent)).status).toBe(400);
    expect(problems()).toEqual([expect.stringMatching(/header Notion-Version is missing/)]);
  });
});

test("what was wrong makes the test fail, in words", async () => {
  await expect(consentAt(fake, authorizeUrl({ state: null }))).rejects.toThrow(/state is missing/);
  expect(() => fake.expectNoViolations()).toThrow(/airtable, authorize: authorize: state is missing/);
  expect(() => fake.expectNoViolations("notion")).not.toThrow();
});
