import { inspect } from "node:util";
import { makeProblem } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import { AlterValueError, BackendError, ReAuthRequiredError, TimeoutError } from "./errors.ts";
import { AT, FAKE_GRANT, FAKE_OAUTH_GRANT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import { Provider } from "./provider.generated.ts";
import { agentPrincipal, groupPrincipal, systemPrincipal, userPrincipal } from "./principals.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const SECRET_ID = FAKE_GRANT.secret_id;
const APP_ID = FAKE_GRANT.app_id;
const INFO = {
  grantId: GRANT_ID,
  connectionId: GRANT_ID,
  appId: APP_ID,
  grantKind: "managed_secret",
  managedSecretId: SECRET_ID,
  providerId: "github",
  principalType: "system",
  principalId: null,
  label: "nightly",
  status: "active",
  allowRetrieve: false,
  createdAt: AT,
  expiresAt: null,
  revokedAt: null,
  accountIdentifier: null,
  accountDisplayName: "nightly",
  scopes: [],
  scopeMismatch: false,
  missingScopes: [],
  credentialStatus: null,
  credentialProblem: null,
  tokenExpiresAt: null,
  lastRefreshedAt: null,
  grantPolicy: null,
};

const fake = useFakeVault();

function answer(status: number, value: unknown): void {
  fake.server.answer((_, response) => sendVaultJson(response, status, value));
}

describe("listGrants", () => {
  const page = { total: 1, total_capped: false, limit: 10, offset: 0, has_more: true, next_cursor: "c-2" };
  const result = { total: 1, totalCapped: false, limit: 10, offset: 0, hasMore: true, nextCursor: "c-2" };

  test("asks with the wire's names and answers with the SDK's", async () => {
    answer(200, { grants: [FAKE_GRANT], ...page });
    const options = { providerId: Provider.GITHUB, status: "active", limit: 10, offset: 0, cursor: "c 1" } as const;
    expect(await fake.vault.listGrants(options)).toEqual({ grants: [INFO], ...result });
    expect(fake.server.seen[0]).toMatchObject({
      method: "GET",
      path: "/v1/grants?provider_id=github&status=active&limit=10&offset=0&cursor=c+1",
    });
  });

  test("listConnections is the same under its older name", async () => {
    answer(200, { grants: [FAKE_GRANT], ...page });
    expect(await fake.vault.listConnections()).toEqual({ connections: [INFO], ...result });
    expect(fake.server.seen[0]?.path).toBe("/v1/grants");
  });

  test("an answer of another form is told as that", async () => {
    answer(200, { grants: "none" });
    await expect(fake.vault.listGrants()).rejects.toThrow(/Update @alter-vault\/sdk/);
  });

  test("an unknown option is refused", async () => {
    await expect(fake.vault.listGrants({ provider_id: "github" } as object)).rejects.toThrow(
      'Did you mean "providerId"?',
    );
  });
});

describe("a connected account", () => {
  test("says whose it is, what it may do, and how its credential is", async () => {
    answer(200, FAKE_OAUTH_GRANT);
    expect(await fake.vault.getGrant(GRANT_ID)).toMatchObject({
      grantKind: "oauth",
      managedSecretId: null,
      accountIdentifier: "ada@example.com",
      accountDisplayName: "Ada",
      scopes: ["read"],
      scopeMismatch: true,
      missingScopes: ["write"],
      credentialStatus: "failing",
      credentialProblem: "token_refresh_failed",
      tokenExpiresAt: AT,
      lastRefreshedAt: AT,
      grantPolicy: { maxTtlSeconds: 86_400, expiresAt: AT },
    });
    expect(fake.server.seen[0]).toMatchObject({ method: "GET", path: `/v1/grants/${GRANT_ID}` });
  });

  test("without a name of its own is shown by its label", async () => {
    answer(200, { ...FAKE_OAUTH_GRANT, account_display_name: null, label: "work" });
    expect(await fake.vault.getGrant(GRANT_ID)).toMatchObject({ accountDisplayName: "work", label: "work" });
  });

  test("is refreshed on demand", async () => {
    answer(200, FAKE_OAUTH_GRANT);
    expect(await fake.vault.refreshGrant(GRANT_ID)).toMatchObject({ grantId: GRANT_ID, lastRefreshedAt: AT });
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: `/v1/grants/${GRANT_ID}/refresh` });
  });

  test.each([
    ["reauth_required", ReAuthRequiredError, false],
    ["token_refresh_failed", BackendError, true],
    ["refresh_not_supported", BackendError, false],
  ] as const)("that cannot be refreshed: %s", async (code, errorClass, retryable) => {
    fake.server.answer((_, response) => sendProblem(response, makeProblem(code, "no")));
    const failure: unknown = await fake.vault.refreshGrant(GRANT_ID).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(errorClass);
    expect(failure).toMatchObject({ code, retryable });
  });
});

describe("grants", () => {
  const page = { total: 2, total_capped: false, limit: 1, offset: 0 };

  test("goes over all pages, and fetches the next one when it is needed", async () => {
    fake.server.answer(
      (_, response) =>
        sendVaultJson(response, 200, { grants: [FAKE_GRANT], ...page, has_more: true, next_cursor: "c-2" }),
      (_, response) =>
        sendVaultJson(response, 200, { grants: [FAKE_OAUTH_GRANT], ...page, has_more: false, next_cursor: null }),
    );
    const kinds: string[] = [];
    for await (const { grantKind } of fake.vault.grants({ providerId: "github", limit: 1 })) {
      kinds.push(grantKind);
      expect(fake.server.seen).toHaveLength(kinds.length);
    }
    expect(kinds).toEqual(["managed_secret", "oauth"]);
    expect(fake.server.seen.map(({ path }) => path)).toEqual([
      "/v1/grants?provider_id=github&limit=1",
      "/v1/grants?provider_id=github&limit=1&cursor=c-2",
    ]);
  });
});

describe("createManagedSecretGrant", () => {
  test.each([
    [
      { principal: systemPrincipal({ label: "nightly" }), expiresInSeconds: 60 },
      { principal: { type: "system", label: "nightly" }, expires_in_seconds: 60 },
    ],
    [{ principal: { type: "system", label: "nightly" } }, { principal: { type: "system", label: "nightly" } }],
    [{ principal: systemPrincipal() }, { principal: { type: "system" } }],
    [
      { principal: userPrincipal({ userToken: "fake.user.token", label: "Ada" }) },
      { principal: { type: "user", user_token: "fake.user.token", label: "Ada" } },
    ],
    [
      { principal: { type: "user", userId: APP_ID.toUpperCase(), label: "Ada" } },
      { principal: { type: "user", user_id: APP_ID, label: "Ada" } },
    ],
    [
      { principal: groupPrincipal({ idpId: APP_ID, externalGroupId: "eng", label: "Engineers" }) },
      { principal: { type: "group", idp_id: APP_ID, external_group_id: "eng", label: "Engineers" } },
    ],
    [{ principal: agentPrincipal() }, { principal: { type: "agent" } }],
    [
      { principal: agentPrincipal({ agentId: APP_ID, label: "bot" }) },
      { principal: { type: "agent", agent_id: APP_ID, label: "bot" } },
    ],
  ] as const)("%j", async (options, body) => {
    answer(201, FAKE_GRANT);
    expect(await fake.vault.createManagedSecretGrant(SECRET_ID, options)).toEqual(INFO);
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: `/v1/secrets/${SECRET_ID}/grants` });
    expect(fake.sentBody()).toEqual(body);
  });

  test.each([
    ["none", undefined, /must be one of systemPrincipal\(\), userPrincipal/],
    ["of another type", { type: "robot" }, /must be one of/],
    ["user without a label", { type: "user", userToken: "t" }, /userPrincipal\(\) needs a "label"/],
    ["user with an empty label", { type: "user", userToken: "t", label: " " }, /userPrincipal\(\) needs a "label"/],
    ["user that nobody knows", { type: "user", label: "Ada" }, /needs the "userToken" of the user/],
    ["user said twice", { type: "user", userToken: "t", userId: APP_ID, label: "Ada" }, /Keep one/],
    ["user with a header's value", { type: "user", userToken: "Bearer t", label: "Ada" }, /begins with "Bearer"/],
    [
      "group without a label",
      { type: "group", idpId: APP_ID, externalGroupId: "e" },
      /groupPrincipal\(\) needs a "label"/,
    ],
    ["group of nobody", { type: "group", externalGroupId: "e", label: "E" }, /"idpId" must be a UUID/],
    ["group without itself", { type: "group", idpId: APP_ID, label: "E" }, /"externalGroupId" must be/],
    ["agent by name", { type: "agent", agentId: "bot" }, /"agentId" must be a UUID/],
    ["names of another language", { type: "user", user_token: "t", label: "Ada" }, /Did you mean "userToken"/],
    ["a label that is too long", { type: "system", label: "x".repeat(201) }, /"label" must be a text of 1 to 200/],
  ])("a principal that is wrong (%s) is refused before anything is sent", async (_name, principal, message) => {
    const options = { principal } as unknown as Parameters<typeof fake.vault.createManagedSecretGrant>[1];
    const failure = fake.vault.createManagedSecretGrant(SECRET_ID, options);
    await expect(failure).rejects.toThrow(AlterValueError);
    await expect(failure).rejects.toThrow(message);
    expect(fake.server.seen).toHaveLength(0);
  });

  test("a principal does not show the user's token", () => {
    const principal = userPrincipal({ userToken: "fake.user.token", label: "Ada" });
    expect(principal.userToken).toBe("fake.user.token");
    expect(inspect(principal) + JSON.stringify(principal)).not.toContain("fake.user.token");
  });
});

test("whoami", async () => {
  answer(200, { app_id: APP_ID, app_name: "Demo", key_id: "k", scopes: ["grants:read"], agent: null });
  expect(await fake.vault.whoami()).toEqual({
    appId: APP_ID,
    appName: "Demo",
    keyId: "k",
    scopes: ["grants:read"],
    agent: null,
  });
  expect(fake.server.seen[0]).toMatchObject({ method: "GET", path: "/v1/whoami" });
});

test("timeout and abort", async () => {
  fake.server.answer(() => undefined);
  await expect(fake.vault.whoami({ timeout: 50 })).rejects.toBeInstanceOf(TimeoutError);
  await expect(fake.vault.listGrants({ signal: AbortSignal.abort("stop") })).rejects.toBe("stop");
});
