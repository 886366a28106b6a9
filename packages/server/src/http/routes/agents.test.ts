import { AGENT_SCOPES } from "@alter-vault/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createVaultClient, type VaultClient } from "../../cli/vault-client.ts";
import { createLogger } from "../../logger.ts";
import { systemSurroundings } from "../../system.ts";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

let vault: VaultOfTwo;
const clients: VaultClient[] = [];
const around = systemSurroundings(createLogger("silent"));

beforeAll(async () => {
  vault = await startVaultOfTwo();
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await vault.stop();
});

function signedBy(apiKey: string | null): VaultClient {
  const client = createVaultClient({
    ...around,
    url: vault.one.url,
    apiKey: apiKey ?? "",
    app: undefined,
    certificateSha256: null,
  });
  clients.push(client);
  return client;
}

describe("agents", () => {
  test("are made once for an idempotency key, and their key is shown once", async () => {
    const body = { name: "once", idempotency_key: "first", scopes: { github: [] } };
    const made = await vault.one.call("createAgent", { body });
    expect(made.api_key).toMatch(/^alter_key_/);
    const again = await vault.one.call("createAgent", { body });
    expect(again).toEqual({ ...made, api_key: null, key_id: null });
    expect(await refusal(vault.one.call("createAgent", { body: { ...body, scopes: {} } }))).toMatchObject({
      code: "idempotency_mismatch",
    });
    expect(await refusal(vault.one.call("createAgent", { body: { name: "once" } }))).toMatchObject({
      code: "agent_name_exists",
    });
    expect(await vault.entry("createAgent")).toMatchObject({ outcome_code: "agent_name_exists" });
    const renew = () => refusal(vault.one.call("createAgent", { body }));
    await vault.one.call("pauseAgent", { id: made.agent_id });
    expect(await renew()).toMatchObject({ code: "agent_inactive" });
    expect(await vault.entry("createAgent")).toMatchObject({ outcome_code: "agent_inactive" });
    expect(await refusal(vault.other.call("getAgent", { id: made.agent_id }))).toMatchObject({
      code: "agent_not_found",
    });
    expect(await vault.entry("createAgent")).toMatchObject({ kind: "admin" });
  });

  test("get no key that may do more than its maker, or than an agent", async () => {
    const maker = await vault.one.call("createKey", {
      body: { name: "maker", scopes: ["agents:write", "grants:read"] },
    });
    const client = signedBy(maker.api_key);
    const { agent_id: id, key_id } = await client.call("createAgent", { body: { name: "small" } });
    const { keys } = await vault.one.call("listAgentKeys", { id });
    expect(keys).toMatchObject([{ key_id, scopes: ["grants:read"], agent_id: id }]);
    const wider = { id, body: { scopes: ["proxy:execute" as const] } };
    expect(await refusal(client.call("createAgentKey", wider))).toMatchObject({ code: "insufficient_scope" });
    const admin = { id, body: { scopes: ["keys:write" as const] } };
    expect(await refusal(vault.one.call("createAgentKey", admin))).toMatchObject({ code: "insufficient_scope" });
    const none = await vault.one.call("createKey", { body: { name: "none", scopes: ["agents:write"] } });
    const empty = signedBy(none.api_key).call("createAgent", { body: { name: "empty" } });
    expect(await refusal(empty)).toMatchObject({ code: "insufficient_scope" });
    const full = await vault.one.call("createAgentKey", { id, body: {} });
    expect(full.scopes).toEqual([...AGENT_SCOPES]);
  });

  test("get no key that reaches further than its maker: from where, how often, until when", async () => {
    const bound = await vault.one.call("createKey", {
      body: {
        name: "bound",
        scopes: ["keys:write", "agents:write", "grants:read"],
        constraints: { cidrs: ["127.0.0.0/8"], requests_per_minute: 600 },
        expires_in_seconds: 3_600,
      },
    });
    const client = signedBy(bound.api_key);
    const { key_id } = await client.call("createAgent", { body: { name: "inside" } });
    const { keys } = await vault.one.call("listKeys");
    const limits = { cidrs: ["127.0.0.0/8"], requests_per_minute: 600, expires_at: bound.expires_at };
    expect(keys.find((key) => key.key_id === key_id)).toMatchObject(limits);
    const wishes = [
      { constraints: { cidrs: ["0.0.0.0/0"] } },
      { constraints: { requests_per_minute: 601 } },
      { expires_in_seconds: 36_000 },
    ];
    for (const wish of wishes) {
      const key = client.call("createKey", { body: { name: "outside", scopes: ["grants:read"], ...wish } });
      expect(await refusal(key)).toMatchObject({ code: "key_beyond_its_maker" });
      expect(await vault.entry("createKey")).toMatchObject({ decision: "deny", code: "key_beyond_its_maker" });
      const agent = client.call("createAgent", { body: { name: "outside", key: wish } });
      expect(await refusal(agent)).toMatchObject({ code: "key_beyond_its_maker" });
      expect(await vault.entry("createAgent")).toMatchObject({ decision: "deny", code: "key_beyond_its_maker" });
    }
    expect((await vault.one.call("listKeys")).keys.filter(({ name }) => name.includes("outside"))).toEqual([]);
    expect((await vault.one.call("listAgents", {})).agents.filter(({ name }) => name === "outside")).toEqual([]);
    const free = await vault.one.call("createKey", { body: { name: "free", scopes: ["grants:read"] } });
    expect(await client.call("rotateKey", { id: free.key_id })).toMatchObject({ ...limits, expires_at: null });
  });

  test("of an app get what their maker has, where nothing is said", async () => {
    const maker = await vault.one.call("createKey", { body: { name: "maker", scopes: ["keys:write", "grants:read"] } });
    const made = await signedBy(maker.api_key).call("createKey", { body: { name: "made" } });
    expect(made.scopes).toEqual(["grants:read"]);
  });

  test("are revoked with all their keys, and stay so", async () => {
    const made = await vault.one.call("createAgent", { body: { name: "short-lived" } });
    const { agent_id: id } = made;
    const agent = signedBy(made.api_key);
    expect((await agent.call("whoami")).agent).toEqual({ agent_id: id, name: "short-lived", status: "active" });
    await vault.one.call("revokeAgent", { id });
    expect(await refusal(agent.call("whoami"))).toMatchObject({ code: "agent_revoked" });
    for (const route of ["resumeAgent", "pauseAgent", "createAgentKey"] as const) {
      expect(await refusal(vault.one.call(route, { id }))).toMatchObject({ code: "agent_revoked" });
    }
    const listed = await vault.one.call("listAgents", { query: { name: "short-lived" } });
    expect(listed.agents).toEqual([]);
    const all = await vault.one.call("listAgents", { query: { name: "short-lived", include_revoked: "true" } });
    expect(all.agents).toMatchObject([{ agent_id: id, status: "revoked" }]);
    // The name is free again, for another agent.
    expect((await vault.one.call("createAgent", { body: { name: "short-lived" } })).agent_id).not.toBe(id);
  });
});

describe("keys", () => {
  test("are replaced by ones that may do the same for as long, and the old ones say so", async () => {
    const constraints = { cidrs: ["127.0.0.0/8"], requests_per_minute: 100 };
    const old = await vault.one.call("createKey", {
      body: { name: "k", scopes: ["grants:read"], constraints, expires_in_seconds: 3600 },
    });
    const { api_key, ...rotated } = await vault.one.call("rotateKey", { id: old.key_id });
    expect(rotated).toMatchObject({ scopes: ["grants:read"], cidrs: ["127.0.0.0/8"], requests_per_minute: 100 });
    expect(Date.parse(rotated.expires_at ?? "") - Date.parse(rotated.created_at)).toBe(3_600_000);
    expect((await signedBy(api_key).call("listGrants")).grants).toEqual([]);
    expect((await signedBy(old.api_key).call("listGrants")).grants).toEqual([]);
    const { keys } = await vault.one.call("listKeys");
    expect(keys.find(({ key_id }) => key_id === old.key_id)).toMatchObject({ status: "deprecated" });
    await vault.one.call("revokeKey", { id: old.key_id });
    expect(await refusal(vault.one.call("rotateKey", { id: old.key_id }))).toMatchObject({ code: "key_not_found" });
    expect(await refusal(vault.other.call("rotateKey", { id: rotated.key_id }))).toMatchObject({
      code: "key_not_found",
    });
  });

  test("of an agent are not all revoked by mistake", async () => {
    const { agent_id: id, key_id } = await vault.one.call("createAgent", { body: { name: "careful" } });
    const revoke = (force?: boolean) =>
      vault.one.call("revokeKey", { id: key_id ?? "", ...(force === undefined ? {} : { body: { force } }) });
    expect(await refusal(revoke())).toMatchObject({ code: "last_active_key" });
    const second = await vault.one.call("createAgentKey", { id, body: {} });
    expect((await revoke()).status).toBe("revoked");
    expect(await refusal(vault.one.call("revokeKey", { id: second.key_id }))).toMatchObject({
      code: "last_active_key",
    });
    expect((await vault.one.call("revokeKey", { id: second.key_id, body: { force: true } })).status).toBe("revoked");
  });

  test("are not bound to what is no range", async () => {
    const body = { name: "k", constraints: { cidrs: ["10.0.0.0/8", "10.0.0.0/99"] } };
    expect(await refusal(vault.one.call("createKey", { body }))).toMatchObject({
      code: "invalid_request",
      issues: [{ path: "constraints.cidrs.1" }],
    });
  });
});
