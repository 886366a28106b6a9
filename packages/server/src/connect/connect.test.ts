import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NOBODY, startConnectBench, type ConnectBench } from "./connect.test-support.ts";
import { hashToken } from "./token.ts";

let bench: ConnectBench;
beforeEach(async () => {
  bench = await startConnectBench();
});
afterEach(() => bench.close());

const github = (token: string) => ({ token, providerId: "github", variables: {} });

/** Goes to the provider; returns the state and the cookie the browser now has. */
async function leave(token: string): Promise<{ state: string; visitor: typeof NOBODY }> {
  const begun = await bench.connect.begin(NOBODY, github(token));
  if (!begun.ok) throw new Error(begun.problem.detail);
  const state = new URL(begun.url).searchParams.get("state") ?? "";
  return { state, visitor: { ...NOBODY, cookies: new Map([[begun.cookie.name, begun.cookie.value]]) } };
}

const back = (state: string): URLSearchParams => new URLSearchParams({ state, code: "fake-code" });

test("the token is in the answer and in the link, and in the store only as its hash", async () => {
  const session = await bench.session();
  expect(session.session_token).toMatch(/^sess_[\w-]{43}$/);
  expect(session.connect_url).toBe(`https://vault.example.com/connect?session=${session.session_token}`);
  const record = await bench.store.findConnectSession(hashToken(session.session_token));
  expect(record?.id).toBe(session.session_id);
  expect(JSON.stringify(record)).not.toContain(session.session_token);
});

test("left out, every configured provider can be connected", async () => {
  const { session_token } = await bench.session();
  const looked = await bench.connect.look(NOBODY, session_token);
  expect(looked.ok && looked.choices.map(({ providerId }) => providerId)).toEqual(["github", "shopify"]);
});

test("under https the cookie belongs to this host alone", async () => {
  const begun = await bench.connect.begin(NOBODY, github((await bench.session()).session_token));
  expect(begun.ok && begun.cookie.name).toMatch(/^__Host-alter-connect-[0-9a-f-]{36}$/);
});

test("what the user must say is asked for, and nothing but that is taken", async () => {
  const { session_token: token } = await bench.session({ allowed_providers: ["shopify"] });
  for (const shop of ["", "evil.example/", "a.b"]) {
    const begun = await bench.connect.begin(NOBODY, { token, providerId: "shopify", variables: { shop } });
    expect(begun).toMatchObject({ ok: false, problem: { code: "invalid_request", issues: [{ path: "shop" }] } });
  }
  const variables = { shop: "ada-example", issuer: "https://evil.example" };
  const begun = await bench.connect.begin(NOBODY, { token, providerId: "shopify", variables });
  expect(begun.ok && new URL(begun.url).host).toBe("ada-example.myshopify.com");
});

test("what the app has said already is not asked for", async () => {
  const { session_token: token } = await bench.session({
    allowed_providers: ["shopify"],
    variables: { shopify: { shop: "ada-example" } },
  });
  const looked = await bench.connect.look(NOBODY, token);
  expect(looked.ok && looked.choices[0]?.questions).toEqual([]);
  const begun = await bench.connect.begin(NOBODY, { token, providerId: "shopify", variables: { shop: "another" } });
  expect(begun.ok && new URL(begun.url).host).toBe("ada-example.myshopify.com");
});

test("sessions are forgotten a day after they ended, and not before", async () => {
  const { session_token: token } = await bench.session();
  await leave(token);
  bench.clock.at += 600_000 + 24 * 3_600_000;
  await bench.connect.forgetEnded();
  expect(await bench.store.findConnectSession(hashToken(token))).not.toBeNull();
  bench.clock.at += 1;
  await bench.connect.forgetEnded();
  expect(await bench.store.findConnectSession(hashToken(token))).toBeNull();
});

test("a flood of refusals is written at a bounded rate, and the next entry says how many were left out", async () => {
  for (let n = 0; n < 10; n++) {
    expect(await bench.connect.look(NOBODY, "sess_guess")).toMatchObject({
      ok: false,
      problem: { code: "connect_session_not_found" },
    });
  }
  expect(await bench.entries()).toHaveLength(3);
});

describe("when the log cannot be written", () => {
  test("nobody leaves: no attempt is stored", async () => {
    const { session_token: token, session_id: id } = await bench.session();
    breakLog();
    const begun = await bench.connect.begin(NOBODY, github(token));
    bench.fails = () => false;
    expect(begun).toMatchObject({ ok: false, problem: { code: "audit_unavailable" } });
    expect(await bench.store.findConnectAttempt((await sessionOf(token))?.appId ?? "", id)).toBeNull();
  });

  test("nobody arrives: the provider is not asked, the state is used up", async () => {
    const { session_token: token } = await bench.session();
    const { state, visitor } = await leave(token);
    breakLog();
    const arrived = await bench.connect.callback(visitor, back(state));
    bench.fails = () => false;
    expect(arrived).toMatchObject({ ok: false, problem: { code: "audit_unavailable" } });
    expect(bench.dialled()).toBe(0);
    expect(await bench.connect.callback(visitor, back(state))).toMatchObject({
      problem: { code: "connect_state_invalid" },
    });
  });

  test("nobody ends a session", async () => {
    const { session_token: token } = await bench.session();
    breakLog();
    expect(await bench.connect.end(NOBODY, token)).toMatchObject({ problem: { code: "audit_unavailable" } });
    bench.fails = () => false;
    expect((await sessionOf(token))?.status).toBe("pending");
  });
});

test("for every call to the store: when it fails, nobody left and nothing was asked that is not in the log", async () => {
  const scenario = async (token: string): Promise<string> => {
    const { state, visitor } = await leave(token);
    const arrived = await bench.connect.callback(visitor, back(state));
    return arrived.ok ? "connected" : arrived.problem.code;
  };
  const { session_token: first } = await bench.session();
  const before = bench.calls();
  expect(await scenario(first)).toBe("connect_provider_error");
  const callsOfOne = bench.calls() - before;
  expect(callsOfOne).toBeGreaterThan(8);
  for (let n = 1; n <= callsOfOne; n++) {
    const { session_token: token, session_id: id } = await bench.session();
    const [start, dialledBefore, entriesBefore] = [bench.calls(), bench.dialled(), (await bench.entries()).length];
    bench.fails = (call) => call === start + n;
    await scenario(token).catch((error: unknown) => String(error));
    bench.fails = () => false;
    const written = (await bench.entries()).slice(entriesBefore).filter(({ decision }) => decision === "allow");
    const has = (action: string): boolean => written.some((entry) => entry.action === action);
    const attempt = await bench.store.findConnectAttempt((await sessionOf(token))?.appId ?? "", id);
    if (attempt) expect(has("connect.begin"), `call ${n}`).toBe(true);
    if (bench.dialled() > dialledBefore) expect(has("connect.callback"), `call ${n}`).toBe(true);
    expect((await sessionOf(token))?.status).toBe("pending");
  }
});

const sessionOf = (token: string) => bench.store.findConnectSession(hashToken(token));

/** The store goes on, the log does not. */
function breakLog(): void {
  bench.fails = (_call, method) => method === "appendLog";
}
