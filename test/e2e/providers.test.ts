import { afterAll, beforeAll, expect, test } from "vitest";
import { PROVIDER_IDS, type Provider } from "@alter-vault/providers";
import { urlOf, type Registration } from "../harness/fake-provider/registration.ts";
import { startOAuthVault, type OAuthVault } from "../harness/oauth-vault.ts";

/*
 * Every provider of the catalogue, from the first connection to the last disconnect, against a fake that plays all of
 * them at once and takes nothing that the entry does not say.
 */
let vault: OAuthVault;
beforeAll(async () => {
  vault = await startOAuthVault();
});
afterAll(() => vault.stop());

test.each(PROVIDER_IDS)("%s: connect, call, refresh, reconnect, revoke, disconnect", async (id) => {
  const registration = await vault.configure(id);
  const first = await vault.connectByLink(id);
  expect(first).toMatchObject({ provider: id, operation: "creation", status: "active", missing_scopes: [] });
  expect(first.account_identifier).not.toBe("");
  await expectCallWorks(registration, first.grant_id);

  if (canRenew(registration.provider)) {
    await expire(registration, first.grant_id);
    await expectCallWorks(registration, first.grant_id);
    // A token that was still good went with the call, and its refresh goes on behind it.
    await expect.poll(() => refreshesOf(registration)).toBe(1);
    await expect.poll(async () => (await vault.credential(first.grant_id))?.refreshedAt).not.toBeNull();
    if (registration.provider.refresh.supported) await expectDeadRefreshTokenKeepsGrant(registration, first.grant_id);
  }

  const again = await vault.connect(id);
  expect(again).toMatchObject({ grant_id: first.grant_id, operation: "reauth" });
  await expectCallWorks(registration, first.grant_id);

  await expectRevoked(registration, first.grant_id);
  const reopened = await vault.connect(id);
  expect(reopened.grant_id).toBe(first.grant_id);
  await expectCallWorks(registration, reopened.grant_id);

  const ended = await vault.operator.call("disconnectGrant", { id: first.grant_id, body: {} });
  expect(ended.success).toBe(true);
  const anew = await vault.connect(id);
  expect(anew.grant_id).not.toBe(first.grant_id);
  expect(anew.operation).toBe("creation");
  await vault.operator.call("disconnectGrant", { id: anew.grant_id, body: {} });
  vault.fake.expectNoViolations(id);
});

function canRenew(provider: Provider): boolean {
  return provider.refresh.supported || provider.kind === "github-app";
}

/** The call arrives at the provider with a token of the newest consent, put where the entry wants it. */
async function expectCallWorks({ provider, ...registration }: Registration, grantId: string): Promise<void> {
  const before = vault.fake.apiCalls.length;
  const base = urlOf({ provider, ...registration }, provider.api.baseUrl)?.href.replace(/\/$/, "") ?? "";
  const answer = await vault.call(grantId, `${base}/fake-probe`);
  expect(answer.problem).toBeNull();
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ provider: provider.id, method: "GET" });
  const family = registration.book.families.findLast(({ alive }) => alive);
  expect(vault.fake.apiCalls.slice(before)).toMatchObject([{ provider: provider.id, familyId: family?.id }]);
}

function refreshesOf({ book }: Registration): number {
  return book.families.reduce((sum, { refreshes }) => sum + refreshes, 0);
}

/** Until the token has to be refreshed: by time where it ends by itself, by the provider's word where it does not. */
async function expire({ provider, book }: Registration, grantId: string): Promise<void> {
  const ends = (await vault.credential(grantId))?.tokenExpiresAt ?? null;
  if (ends === null) {
    for (const token of book.accessTokens.values()) token.alive = false;
    return;
  }
  // A token that is its own proof must be refreshed while it is alive.
  const left = provider.refresh.supported && provider.refresh.with === "access_token" ? 60_000 : 0;
  vault.clock.advance(ends - vault.clock.now() - left);
}

async function expectDeadRefreshTokenKeepsGrant(
  { behaviour, provider: { refresh } }: Registration,
  grantId: string,
): Promise<void> {
  if (refresh.supported && refresh.minAgeSeconds !== undefined) vault.clock.advance(refresh.minAgeSeconds * 1000);
  behaviour.tokenTrouble.push("revoked");
  const refused = await vault.operator.call("refreshGrant", { id: grantId }).catch(codeOf);
  expect(refused).toBe("grant_revoked");
  expect(await vault.credential(grantId)).toMatchObject({ id: grantId, state: "reauth_required" });
}

async function expectRevoked({ provider, book }: Registration, grantId: string): Promise<void> {
  const { revoke } = provider;
  const before = vault.fake.requests.length;
  const revoked = await vault.operator.call("revokeGrant", { id: grantId, body: {} });
  expect(revoked.provider_revocation).toBe(revoke.style === "none" ? "not_supported" : "done");
  const sent = vault.fake.requests.slice(before).filter(({ endpoint }) => endpoint === "revoke");
  if (revoke.style === "none") expect(sent).toEqual([]);
  else {
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every(({ status }) => status === 200)).toBe(true);
    const family = book.families.at(-1);
    const tokens = [...book.refreshTokens.values(), ...book.accessTokens.values()];
    const dead = tokens.filter((token) => token.family === family && (!token.alive || !token.family.alive));
    expect(dead.length).toBeGreaterThan(0);
  }
  expect(await vault.credential(grantId)).toBeNull();
}

/** Of a refusal, the code; of anything else, what it is. */
function codeOf(error: unknown): unknown {
  const report = typeof error === "object" && error !== null && "report" in error ? error.report : undefined;
  return typeof report === "object" && report !== null && "code" in report ? report.code : error;
}
