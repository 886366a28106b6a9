import type { Grant } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { AlterValueError, AmbiguousGrantError } from "./errors.ts";
import { FAKE_SESSION, sendSession } from "./fake-connect.test-support.ts";
import { FAKE_GRANT, FAKE_OAUTH_GRANT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
const grants = (...list: Grant[]): void => {
  const page = { total: list.length, total_capped: false, limit: 100, offset: 0, has_more: false, next_cursor: null };
  fake.server.answer((_, response) => sendVaultJson(response, 200, { grants: list, ...page }), sendSession);
};

test("connected, with the scopes", async () => {
  grants(FAKE_OAUTH_GRANT);
  expect(await fake.vault.check({ provider: "github", scopes: ["read"] })).toEqual({
    ok: true,
    grantId: GRANT_ID,
    scopes: ["read"],
  });
  expect(fake.server.seen[0]?.path).toBe("/v1/grants?provider_id=github&status=active");
});

test("a managed secret is not asked for scopes", async () => {
  grants(FAKE_GRANT);
  expect(await fake.vault.check({ provider: "github", scopes: ["read"] })).toMatchObject({ ok: true });
});

test.each<[string, Grant[], object, object]>([
  ["not connected", [], { type: "connect_required", missingScopes: ["write"] }, { allowed_providers: ["github"] }],
  [
    "dead",
    [{ ...FAKE_OAUTH_GRANT, credential_status: "reauth_required" }],
    { type: "connect_required", grantId: GRANT_ID },
    { grant_id: GRANT_ID },
  ],
  [
    "too few scopes",
    [FAKE_OAUTH_GRANT],
    { type: "scope_required", missingScopes: ["write"] },
    { required_scopes: { github: ["write"] } },
  ],
])("%s: what the user must do, with a link", async (_, list, action, session) => {
  grants(...list);
  const check = await fake.vault.with({ provider: "other" }).check({ provider: "github", scopes: ["write"] });
  expect(check).toMatchObject({ ok: false, action: { ...action, url: FAKE_SESSION.connect_url } });
  expect(JSON.parse(String(fake.server.seen[1]?.body))).toMatchObject(session);
});

test("of several accounts, one must be named", async () => {
  const other = { ...FAKE_OAUTH_GRANT, account_identifier: "eve@example.com" };
  grants(FAKE_OAUTH_GRANT, other);
  const failure: unknown = await fake.vault.check({ provider: "github" }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AmbiguousGrantError);
  expect(failure).toMatchObject({ accountIdentifiers: ["ada@example.com", "eve@example.com"] });
  grants(FAKE_OAUTH_GRANT, other);
  expect(await fake.vault.check({ provider: "github", account: "eve@example.com" })).toMatchObject({ ok: true });
});

test("wrong options are refused before anything is sent", async () => {
  await expect(fake.vault.check({ providerId: "github" } as never)).rejects.toThrow('Did you mean "provider"?');
  await expect(fake.vault.check({ provider: "github", scopes: "read" as never })).rejects.toThrow(AlterValueError);
  expect(fake.server.seen).toEqual([]);
});
