import { afterAll, beforeAll, expect, test } from "vitest";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

let vault: TestVault;
let upstream: Upstream;
beforeAll(async () => {
  vault = await startTestVault();
  upstream = await startUpstream(({ headers }, response) => void response.end(headers.authorization));
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
});

async function secretOf(grantId: string): Promise<string> {
  return (await vault.operator.call("getGrant", { id: grantId })).secret_id ?? "";
}

test("calls go on while every key is rotated, and grants keep their ids", async () => {
  const seen: string[] = [];
  const counting = await startUpstream(({ headers }, response) => {
    seen.push(headers.authorization ?? "none");
    response.end();
  });
  const grantId = await vault.bearer("fake-token-rotation-000000", [counting.origin]);
  for (let i = 0; i < 300; i++) await vault.bearer(`fake-token-rotation-${i}`, [counting.origin]);
  const sdk = vault.sdk();
  let running = true;
  let calls = 0;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (running) {
        const response = await sdk.request("GET", `${counting.origin}/x`, { grantId });
        expect(response.status).toBe(200);
        calls++;
      }
    }),
  );
  for (let round = 0; round < 3; round++) {
    const before = await vault.operator.call("getKeyring");
    const after = await vault.operator.call("rotateKeyring");
    expect(after.master_keys).toHaveLength(before.master_keys.length + 1);
    expect(after.stale_records).toBe(0);
  }
  running = false;
  await load;
  expect(calls).toBeGreaterThan(20);
  expect(new Set(seen)).toEqual(new Set(["Bearer fake-token-rotation-000000"]));
  await vault.restart();
  expect((await vault.sdk().request("GET", `${counting.origin}/x`, { grantId })).status).toBe(200);
  await counting.close();
});

test("a secret gets a new value under the same grant, from the next call on", async () => {
  const grantId = await vault.bearer("fake-token-before-0123", [upstream.origin], "rotating");
  const answer = async (): Promise<string | null> =>
    (await vault.sdk().request("GET", `${upstream.origin}/x`, { grantId })).headers.get("content-length");
  await answer();
  const secret_id = await secretOf(grantId);
  const rotated = await vault.operator.call("rotateSecret", {
    id: secret_id,
    body: { value: { kind: "bearer", token: "fake-token-after-01234567" } },
  });
  expect(rotated.version).toBe(2);
  await answer();
  expect(upstream.calls.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer fake-token-before-0123",
    "Bearer fake-token-after-01234567",
  ]);
});

test("revoked, deleted and expired grants have their own errors", async () => {
  const codeOf = (grantId: string): Promise<unknown> =>
    vault
      .sdk()
      .request("GET", `${upstream.origin}/x`, { grantId })
      .then(
        () => "ok",
        (error: { name: string; code: string }) => `${error.name} ${error.code}`,
      );
  const revoked = await vault.bearer("fake-token-revoked-0123", [upstream.origin], "r");
  await vault.sdk().revokeGrant(revoked, { reason: "test" });
  expect(await codeOf(revoked)).toBe("GrantRevokedError grant_revoked");
  await expect(vault.sdk().revokeGrant(revoked)).rejects.toMatchObject({ name: "GrantNotFoundError" });

  const deleted = await vault.bearer("fake-token-deleted-0123", [upstream.origin], "d");
  const secret_id = await secretOf(deleted);
  const expiring = await vault.operator.call("createGrant", {
    id: secret_id,
    body: { principal: { type: "system" }, expires_in_seconds: 1 },
  });
  expect(await codeOf(expiring.grant_id)).toBe("ok");
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  expect(await codeOf(expiring.grant_id)).toBe("GrantExpiredError grant_expired");
  await vault.operator.call("deleteSecret", { id: secret_id });
  expect(await codeOf(deleted)).toBe("GrantDeletedError grant_deleted");
});

test("a provider with several grants asks which, and account says it", async () => {
  const first = await vault.bearer("fake-token-first-0123", [upstream.origin], "several");
  const secret_id = await secretOf(first);
  await vault.operator.call("updateGrant", { id: first, body: { label: "main" } });
  await vault.operator.call("createGrant", { id: secret_id, body: { principal: { type: "system", label: "Zoë" } } });
  const call = (account?: string): Promise<Response> =>
    vault
      .sdk()
      .request("GET", `${upstream.origin}/x`, { provider: "several", ...(account === undefined ? {} : { account }) });
  await expect(call()).rejects.toMatchObject({ name: "AmbiguousGrantError", accountIdentifiers: ["main", "Zoë"] });
  expect((await call("Zoë")).status).toBe(200);
  await expect(call("nobody")).rejects.toMatchObject({ name: "GrantNotFoundError" });
});

test("retrieve mode works for the grant it was allowed for, and its answer holds for one request", async () => {
  const grantId = await vault.bearer("fake-token-retrieve-0123", [upstream.origin], "ret");
  const sdk = vault.sdk();
  const call = (): Promise<Response> => sdk.request("GET", `${upstream.origin}/x`, { grantId, mode: "retrieve" });
  await expect(call()).rejects.toMatchObject({ code: "retrieve_not_allowed" });
  await vault.operator.call("updateGrant", { id: grantId, body: { allow_retrieve: true } });
  expect(await (await call()).text()).toBe("Bearer fake-token-retrieve-0123");
  expect(await vault.lastEntry()).toMatchObject({ action: "retrieve", mode: "retrieve", outcome: "done" });
});
