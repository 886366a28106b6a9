import { afterAll, beforeAll, expect, test } from "vitest";
import { createVaultClient } from "../../cli/vault-client.ts";
import { createLogger } from "../../logger.ts";
import { systemSurroundings } from "../../system.ts";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

let vault: VaultOfTwo;
beforeAll(async () => {
  vault = await startVaultOfTwo();
});
afterAll(() => vault.stop());

test("how long the log is kept is said, shown and written down", async () => {
  const { one } = vault;
  expect(await one.call("getAuditRetention")).toMatchObject({ days: null, removed_before: null, removed_rows: 0 });
  await one.call("putAuditRetention", { body: { days: 400, reason: "policy 12" } });
  expect(await one.call("getAuditRetention")).toMatchObject({ days: 400, set_by: expect.any(String) });
  expect(await vault.entry("putAuditRetention")).toMatchObject({
    decision: "allow",
    outcome: "done",
    reason: "policy 12",
    context: { days: "400" },
  });
  await one.call("putAuditRetention", { body: { days: null } });
  expect((await one.call("getAuditRetention")).days).toBeNull();
});

test("it is the log of all apps: a key of one does not say how long it is kept", async () => {
  const { api_key: apiKey } = await vault.one.call("createKey", {
    body: { name: "k", scopes: ["audit:read", "audit:write"] },
  });
  const around = systemSurroundings(createLogger("silent"));
  const client = createVaultClient({ ...around, url: vault.one.url, apiKey, app: undefined, certificateSha256: null });
  expect(await refusal(client.call("putAuditRetention", { body: { days: 1 } }))).toMatchObject({
    code: "insufficient_scope",
    required_scope: "apps:write",
  });
  expect(await vault.entry("putAuditRetention")).toMatchObject({ decision: "deny", code: "insufficient_scope" });
  expect((await client.call("getAuditRetention")).days).toBeNull();
  expect((await client.call("addAuditHold", { body: { reason: "case 3" } })).reason).toBe("case 3");
  await client.close();
});

test("a hold says what it keeps, why and by whom; its beginning and its end are in the log", async () => {
  const { one, other } = vault;
  const asked = { reason: "case 17", since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z" };
  const hold = await one.call("addAuditHold", { body: asked });
  expect(hold).toMatchObject({ reason: "case 17", user_id: null, created_by: expect.any(String), released_at: null });
  expect(await vault.entry("addAuditHold")).toMatchObject({ reason: "case 17", context: { hold_id: hold.hold_id } });
  expect((await one.call("listAuditHolds")).holds).toContainEqual(hold);
  expect((await other.call("listAuditHolds")).holds).toEqual([]);
  const body = { reason: "closed" };
  const refused = await refusal(other.call("releaseAuditHold", { id: hold.hold_id, body }));
  expect(refused.code).toBe("hold_not_found");
  expect(await other.call("getAudit", { id: refused.request_id ?? "" })).toMatchObject({
    action: "releaseAuditHold",
    outcome: "vault_error",
    outcome_code: "hold_not_found",
  });
  expect((await one.call("listAuditHolds")).holds).toContainEqual(hold);
  expect((await one.call("releaseAuditHold", { id: hold.hold_id, body })).released_at).not.toBeNull();
  expect(await vault.entry("releaseAuditHold")).toMatchObject({ reason: "closed", context: { hold_id: hold.hold_id } });
});

test("a hold on no time at all is refused", async () => {
  const body = { reason: "r", since: "2026-02-01T00:00:00Z", until: "2026-02-01T00:00:00Z" };
  const { holds } = await vault.one.call("listAuditHolds");
  expect((await refusal(vault.one.call("addAuditHold", { body }))).code).toBe("invalid_request");
  expect((await vault.one.call("listAuditHolds")).holds).toEqual(holds);
});
