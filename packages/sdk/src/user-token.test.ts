import { inspect } from "node:util";
import { HEADER, makeProblem } from "@alter-vault/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { AlterValueError, TimeoutError } from "./errors.ts";
import { FAKE_SESSION } from "./fake-connect.test-support.ts";
import { FAKE_GRANT } from "./fake-grant.test-support.ts";
import { FAKE_API_KEY, GRANT_ID, sendProblem, sendProvider, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";
import type { AlterVaultOptions } from "./vault-options.ts";
import type { UserTokenGetter } from "./user-token.ts";

const URL_ = "https://api.example.com/";
const TOKEN = "fake-header.fake-payload.fake-user-token";
const fake = useFakeVault();

beforeEach(() => {
  fake.server.answer(({ path }, response) => {
    if (path === "/v1/request") return sendProvider(response, 200, {}, "{}");
    if (path === "/v1/connect/sessions") return sendVaultJson(response, 201, FAKE_SESSION);
    if (path.startsWith(`/v1/grants/${GRANT_ID}`)) return sendVaultJson(response, 200, FAKE_GRANT);
    sendProblem(response, makeProblem("internal", "not for this test"));
  });
});

function vaultWith(userTokenGetter: UserTokenGetter, options: Partial<AlterVaultOptions> = {}): AlterVault {
  return new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: fake.server.url, userTokenGetter, ...options });
}

/** The user tokens that came with each request, in order. */
function sent(): (string | undefined)[] {
  return fake.server.seen.map(({ headers }) => headers[HEADER.userToken]);
}

describe("where a token comes from", () => {
  test("without any there is no header", async () => {
    await fake.vault.request(GRANT_ID, "GET", URL_);
    expect(sent()).toEqual([undefined]);
  });

  test.each<[string, UserTokenGetter]>([
    ["at once", () => TOKEN],
    ["later", async () => TOKEN],
  ])("a getter that gives it %s is asked before every request, and the header is signed", async (_when, getter) => {
    let asked = 0;
    const vault = vaultWith(() => (asked++, getter()));
    await vault.request(GRANT_ID, "GET", URL_);
    await vault.fetch(GRANT_ID)(URL_);
    await vault.getGrant(GRANT_ID);
    expect(sent()).toEqual([TOKEN, TOKEN, TOKEN]);
    expect(asked).toBe(3);
    // The fake vault has checked the signature; here, that the header was part of it.
    for (const { headers } of fake.server.seen) expect(headers["signature-input"]).toContain(`"${HEADER.userToken}"`);
  });

  test.each([[undefined], [null]])("a getter that gives %s means: without an end user", async (nothing) => {
    await vaultWith(() => nothing).request(GRANT_ID, "GET", URL_);
    expect(sent()).toEqual([undefined]);
  });

  test("what a call is given goes before the view, the view before the getter; null is nobody", async () => {
    const vault = vaultWith(() => "of-the-getter");
    const view = vault.with({ grantId: GRANT_ID, userToken: "of-the-view" });
    await vault.request(GRANT_ID, "GET", URL_, { userToken: "of-the-call" });
    await vault.request(GRANT_ID, "GET", URL_, { userToken: null });
    await view.request("GET", URL_);
    await view.request("GET", URL_, { userToken: "of-the-call" });
    await view.with({ userToken: null }).request("GET", URL_);
    await view.with({ threadId: "t" }).fetch()(URL_);
    await vault.fetch({ grantId: GRANT_ID, userToken: () => "of-the-fetch" })(URL_);
    await vault.getGrant(GRANT_ID, { userToken: "of-the-call" });
    await vault.getGrant(GRANT_ID, { userToken: null });
    expect(sent()).toEqual([
      "of-the-call",
      undefined,
      "of-the-view",
      "of-the-call",
      undefined,
      "of-the-view",
      "of-the-fetch",
      "of-the-call",
      undefined,
    ]);
  });

  test("withUser() is everything for one user", async () => {
    const vault = vaultWith(() => "of-the-getter");
    const user = vault.withUser(() => TOKEN);
    await user.request(GRANT_ID, "GET", URL_);
    await user.getGrant(GRANT_ID);
    await user.createConnectSession();
    await user.with({ grantId: GRANT_ID }).request("GET", URL_);
    await user.withUser(null).getGrant(GRANT_ID);
    await user.getGrant(GRANT_ID, { userToken: "of-the-call" });
    expect(sent()).toEqual([TOKEN, TOKEN, TOKEN, TOKEN, undefined, "of-the-call"]);
    await vault.close();
    await expect(user.getGrant(GRANT_ID)).rejects.toMatchObject({ code: "closed" });
    expect(() => vault.withUser(undefined as unknown as null)).toThrow(/withUser\(\) needs/);
  });
});

describe("what is no token ends the call before anything is sent", () => {
  test.each([
    ["an empty text", "", /empty text/],
    ["a header's value", `Bearer ${TOKEN}`, /begins with "Bearer"/],
    ["a line break", `${TOKEN}\r\nx-evil: 1`, /is no token/],
    ["letters beyond ASCII", "tökén", /is no token/],
    ["17 KB", "x".repeat(17_000), /is no token/],
    ["a number", 7, /must (?:be|give)/],
  ])("%s", async (_name, value, message) => {
    const failures = [
      vaultWith(() => value as string).request(GRANT_ID, "GET", URL_),
      fake.vault.request(GRANT_ID, "GET", URL_, { userToken: value as string }),
      fake.vault.getGrant(GRANT_ID, { userToken: value as string }),
    ];
    for (const failure of failures) {
      await expect(failure).rejects.toThrow(AlterValueError);
      await expect(failure).rejects.toThrow(message);
    }
    expect(fake.server.seen).toHaveLength(0);
  });

  test("a getter that fails says so, with its own error as cause", async () => {
    const cause = new Error("the session store is down");
    const failure = await vaultWith(() => Promise.reject(cause))
      .request(GRANT_ID, "GET", URL_)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AlterValueError);
    expect(failure).toMatchObject({ message: expect.stringMatching(/failed, so nothing was sent/) as string, cause });
    expect(fake.server.seen).toHaveLength(0);
  });

  test("a getter that never ends is bound by the timeout and by the caller's signal", async () => {
    const vault = vaultWith(() => new Promise(() => undefined), { timeout: 30 });
    await expect(vault.request(GRANT_ID, "GET", URL_)).rejects.toThrow(TimeoutError);
    await expect(vault.getGrant(GRANT_ID)).rejects.toThrow(/function for the user token within 30 ms/);
    const stop = new AbortController();
    const aborted = vault.request(GRANT_ID, "GET", URL_, { signal: stop.signal, timeout: 5000 });
    stop.abort(new Error("the user left"));
    await expect(aborted).rejects.toThrow("the user left");
    expect(fake.server.seen).toHaveLength(0);
  });
});

test("no view, function, error or message shows a token", async () => {
  const lines: string[] = [];
  const vault = vaultWith(() => TOKEN, { logger: { warn: (line) => void lines.push(line) } });
  fake.server.answer((_, response) =>
    sendProblem(response, makeProblem("user_token_expired", "the token has expired")),
  );
  const options = { grantId: GRANT_ID, userToken: TOKEN };
  const refused = await vault.request("GET", URL_, options).catch((error: unknown) => error);
  const wrong = await vault.request("GET", URL_, { ...options, userToken: `${TOKEN} x` }).catch((e: unknown) => e);
  const unreachable = await new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:1" })
    .whoami({ userToken: TOKEN })
    .catch((error: unknown) => error);
  const values = [
    vault,
    vault.with(options),
    vault.withUser(TOKEN),
    vault.fetch(options),
    vault.aws(options),
    refused,
    wrong,
    unreachable,
  ];
  expect(refused).toMatchObject({ name: "UserTokenError", code: "user_token_expired" });
  const shown = values
    .flatMap((value) => [inspect(value, { depth: 20, showHidden: true, getters: true }), JSON.stringify(value) ?? ""])
    .concat(lines, String(refused), String(wrong), String(unreachable))
    .join("\n");
  expect(shown).not.toContain("fake-user-token");
});
