import { makeProblem } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { AlterValueError, GrantNotFoundError, TimeoutError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  sendProblem,
  sendVaultJson,
  startFakeVault,
  type FakeVault,
} from "./fake-vault.test-support.ts";
import { Provider } from "./provider.ts";
import { systemPrincipal } from "./system-principal.ts";

const SECRET_ID = "0190a3f0-2222-7000-8000-000000000002";
const APP_ID = "0190a3f0-3333-7000-8000-000000000003";
const AT = "2026-01-02T03:04:05.000Z";
const GRANT = {
  grant_id: GRANT_ID,
  app_id: APP_ID,
  grant_kind: "managed_secret",
  secret_id: SECRET_ID,
  provider_id: "github",
  principal_type: "system",
  label: "nightly",
  status: "active",
  allow_retrieve: false,
  created_at: AT,
  expires_at: null,
  revoked_at: null,
};
const INFO = {
  grantId: GRANT_ID,
  connectionId: GRANT_ID,
  appId: APP_ID,
  grantKind: "managed_secret",
  managedSecretId: SECRET_ID,
  providerId: "github",
  principalType: "system",
  label: "nightly",
  accountDisplayName: "nightly",
  status: "active",
  allowRetrieve: false,
  createdAt: AT,
  expiresAt: null,
  revokedAt: null,
};

let server: FakeVault;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
});

function answer(status: number, value: unknown): void {
  server.answer((_, response) => sendVaultJson(response, status, value));
}

describe("listGrants", () => {
  const page = { total: 1, total_capped: false, limit: 10, offset: 0, has_more: true, next_cursor: "c-2" };
  const result = { total: 1, totalCapped: false, limit: 10, offset: 0, hasMore: true, nextCursor: "c-2" };

  test("asks with the wire's names and answers with the SDK's", async () => {
    answer(200, { grants: [GRANT], ...page });
    const options = { providerId: Provider.GITHUB, status: "active", limit: 10, offset: 0, cursor: "c 1" } as const;
    expect(await vault.listGrants(options)).toEqual({ grants: [INFO], ...result });
    expect(server.seen[0]).toMatchObject({
      method: "GET",
      path: "/v1/grants?provider_id=github&status=active&limit=10&offset=0&cursor=c+1",
    });
  });

  test("listConnections is the same under its older name", async () => {
    answer(200, { grants: [GRANT], ...page });
    expect(await vault.listConnections()).toEqual({ connections: [INFO], ...result });
    expect(server.seen[0]?.path).toBe("/v1/grants");
  });

  test("an answer of another form is told as that", async () => {
    answer(200, { grants: "none" });
    await expect(vault.listGrants()).rejects.toThrow(/Update @alter-vault\/sdk/);
  });

  test("an unknown option is refused", async () => {
    await expect(vault.listGrants({ provider_id: "github" } as object)).rejects.toThrow('Did you mean "providerId"?');
  });
});

describe("revokeGrant", () => {
  test("with a reason", async () => {
    answer(200, { grant_id: GRANT_ID, revoked_at: AT, success: true, message: "revoked" });
    expect(await vault.revokeGrant(GRANT_ID, { reason: "aufräumen" })).toEqual({
      success: true,
      message: "revoked",
      grantId: GRANT_ID,
      connectionId: GRANT_ID,
      revokedAt: AT,
    });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: "POST", path: `/v1/grants/${GRANT_ID}/revoke` });
    expect(seen?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(String(seen?.body))).toEqual({ reason: "aufräumen" });
  });

  test("of a grant that is not there", async () => {
    server.answer((_, response) => sendProblem(response, makeProblem("grant_not_found", "no such grant")));
    await expect(vault.revokeGrant(GRANT_ID)).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(JSON.parse(String(server.seen[0]?.body))).toEqual({});
  });

  test("of something that is no grant id", async () => {
    await expect(vault.revokeGrant("../keys")).rejects.toBeInstanceOf(AlterValueError);
    expect(server.seen).toHaveLength(0);
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
  ] as const)("%j", async (options, body) => {
    answer(201, GRANT);
    expect(await vault.createManagedSecretGrant(SECRET_ID, options)).toEqual(INFO);
    expect(server.seen[0]).toMatchObject({ method: "POST", path: `/v1/secrets/${SECRET_ID}/grants` });
    expect(JSON.parse(String(server.seen[0]?.body))).toEqual(body);
  });

  test.each([["user"], ["group"]])("a principal of type %s is refused with the reason", async (type) => {
    const options = { principal: { type } } as unknown as Parameters<typeof vault.createManagedSecretGrant>[1];
    await expect(vault.createManagedSecretGrant(SECRET_ID, options)).rejects.toThrow(/need an identity provider/);
  });
});

test("whoami", async () => {
  answer(200, { app_id: APP_ID, app_name: "Demo", key_id: "k", scopes: ["grants:read"] });
  expect(await vault.whoami()).toEqual({ appId: APP_ID, appName: "Demo", keyId: "k", scopes: ["grants:read"] });
  expect(server.seen[0]).toMatchObject({ method: "GET", path: "/v1/whoami" });
});

test("timeout and abort", async () => {
  server.answer(() => undefined);
  await expect(vault.whoami({ timeout: 50 })).rejects.toBeInstanceOf(TimeoutError);
  await expect(vault.listGrants({ signal: AbortSignal.abort("stop") })).rejects.toBe("stop");
});
