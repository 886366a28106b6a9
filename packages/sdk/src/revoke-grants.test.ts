import { makeProblem } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import type { AlterVault } from "./alter-vault.ts";
import { AlterValueError, BackendError, GrantNotFoundError } from "./errors.ts";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import type { RevokeGrantsFilter } from "./revoke-grants.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();

function answer(value: unknown): void {
  fake.server.answer((_, response) => sendVaultJson(response, 200, value));
}

describe.each(["revoke", "disconnect"] as const)("%sGrant", (verb) => {
  const end = (...args: Parameters<AlterVault["revokeGrant"]>) => fake.vault[`${verb}Grant`](...args);

  test("with a reason, and with what the provider said", async () => {
    answer({
      grant_id: GRANT_ID,
      revoked_at: AT,
      success: true,
      message: "revoked",
      provider_revocation: "not_supported",
      provider_detail: "It has no revocation.",
      manual_url: "https://provider.example/apps",
    });
    expect(await end(GRANT_ID, { reason: "aufräumen" })).toEqual({
      success: true,
      message: "revoked",
      grantId: GRANT_ID,
      connectionId: GRANT_ID,
      revokedAt: AT,
      providerRevocation: "not_supported",
      providerDetail: "It has no revocation.",
      manualUrl: "https://provider.example/apps",
    });
    const [seen] = fake.server.seen;
    expect(seen).toMatchObject({ method: "POST", path: `/v1/grants/${GRANT_ID}/${verb}` });
    expect(seen?.headers["content-type"]).toBe("application/json");
    expect(fake.sentBody()).toEqual({ reason: "aufräumen" });
  });

  test("of a grant that is not there", async () => {
    fake.server.answer((_, response) => sendProblem(response, makeProblem("grant_not_found", "no such grant")));
    await expect(end(GRANT_ID)).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(fake.sentBody()).toEqual({});
  });

  test("of something that is no grant id", async () => {
    await expect(end("../keys")).rejects.toBeInstanceOf(AlterValueError);
    expect(fake.server.seen).toHaveLength(0);
  });
});

describe("revokeGrants", () => {
  const wire = {
    matched: 3,
    revoked: 3,
    revoked_at_provider: 2,
    failed_at_provider: [{ grant_id: GRANT_ID, detail: "503" }],
    dry_run: false,
  };

  test("by a filter", async () => {
    answer(wire);
    const result = await fake.vault.revokeGrants({
      providerId: "github",
      accountIdentifier: "ada@example.com",
      createdBefore: new Date(AT),
      createdAfter: "2025-01-01T00:00:00Z",
      reason: "incident 7",
    });
    expect(result).toEqual({
      matched: 3,
      revoked: 3,
      revokedAtProvider: 2,
      failedAtProvider: [{ grantId: GRANT_ID, detail: "503" }],
      dryRun: false,
    });
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: "/v1/grants/revoke" });
    expect(fake.sentBody()).toEqual({
      provider_id: "github",
      account_identifier: "ada@example.com",
      created_before: AT,
      created_after: "2025-01-01T00:00:00Z",
      reason: "incident 7",
      dry_run: false,
    });
  });

  test("counting alone", async () => {
    answer({ ...wire, revoked: 0, dry_run: true });
    expect(await fake.vault.revokeGrants({ all: true, dryRun: true })).toMatchObject({ matched: 3, dryRun: true });
    expect(fake.sentBody()).toEqual({ all: true, dry_run: true });
  });

  test("with a key that may not", async () => {
    fake.server.answer((_, response) =>
      sendProblem(response, makeProblem("insufficient_scope", "needs secrets:write")),
    );
    const failure: unknown = await fake.vault.revokeGrants({ all: true }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackendError);
    expect(failure).toMatchObject({ code: "insufficient_scope" });
  });

  test.each<[string, unknown, RegExp]>([
    ["no condition", {}, /name a condition, or all: true/],
    ["all that is not true", { all: false }, /Option "all"/],
    ["a Date that is none", { createdBefore: new Date(Number.NaN) }, /"createdBefore" is not a valid Date/],
    ["a time that is none", { createdAfter: "yesterday" }, /Option "createdAfter"/],
    ["a name in another spelling", { provider_id: "github" }, /Did you mean "providerId"/],
  ])("%s is refused before anything is sent", async (_name, filter, message) => {
    const failure = fake.vault.revokeGrants(filter as RevokeGrantsFilter);
    await expect(failure).rejects.toThrow(AlterValueError);
    await expect(failure).rejects.toThrow(message);
    expect(fake.server.seen).toHaveLength(0);
  });
});
