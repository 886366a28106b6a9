import { inspect } from "node:util";
import { makeProblem, type Agent, type ApiKey, type ErrorCode } from "@alter-vault/protocol";
import { describe, expect, test } from "vitest";
import {
  AgentInactiveError,
  AgentKeyRequiredError,
  AgentNotFoundError,
  AgentNameExistsError,
  IdempotencyKeyBodyMismatchError,
  LastActiveKeyError,
} from "./agent-errors.ts";
import { currentContext } from "./context.ts";
import { MeRequiresAgentKeyError } from "./error-aliases.ts";
import { AlterValueError } from "./errors.ts";
import { AT } from "./fake-grant.test-support.ts";
import { FAKE_API_KEY, GRANT_ID, sendProblem, sendProvider, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const AGENT_ID = "0190a3f0-5555-7000-8000-000000000005";
const APP_ID = "0190a3f0-3333-7000-8000-000000000003";
const AGENT: Agent = {
  agent_id: AGENT_ID,
  app_id: APP_ID,
  name: "scheduling-bot",
  display_name: "Scheduling",
  type: "agent",
  status: "active",
  scopes: { google: ["calendar.read"] },
  metadata: { team: "ops" },
  created_at: AT,
  updated_at: AT,
};
const INFO = {
  agentId: AGENT_ID,
  appId: APP_ID,
  name: "scheduling-bot",
  displayName: "Scheduling",
  type: "agent",
  status: "active",
  scopes: { google: ["calendar.read"] },
  metadata: { team: "ops" },
  createdAt: AT,
  updatedAt: AT,
};
const KEY: ApiKey = {
  key_id: "fakekeyid0000001",
  app_id: APP_ID,
  name: "scheduling-bot",
  scopes: ["proxy:execute"],
  prefix: "alter_key_fakekeyid0000001",
  agent_id: AGENT_ID,
  status: "active",
  cidrs: null,
  requests_per_minute: 60,
  created_at: AT,
  expires_at: null,
  deprecated_at: null,
  revoked_at: null,
};
const KEY_INFO = {
  keyId: KEY.key_id,
  appId: APP_ID,
  name: KEY.name,
  scopes: KEY.scopes,
  prefix: KEY.prefix,
  agentId: AGENT_ID,
  status: "active",
  cidrs: null,
  requestsPerMinute: 60,
  createdAt: AT,
  expiresAt: null,
  deprecatedAt: null,
  revokedAt: null,
};

const fake = useFakeVault();
const answer = (status: number, value: unknown): void =>
  fake.server.answer((_, response) => sendVaultJson(response, status, value));
const refuse = (code: ErrorCode): void =>
  fake.server.answer((_, response) => sendProblem(response, makeProblem(code, "no")));

describe("agents", () => {
  test("create", async () => {
    answer(201, { ...AGENT, api_key: FAKE_API_KEY, key_id: KEY.key_id });
    const created = await fake.vault.agents.create({
      name: "scheduling-bot",
      displayName: "Scheduling",
      scopes: { google: ["calendar.read"] },
      metadata: { team: "ops" },
      idempotencyKey: "deploy-1",
      key: { scopes: ["proxy:execute"], constraints: { cidrs: ["10.0.0.0/8"], requestsPerMinute: 60 } },
    });
    expect(created).toEqual({ ...INFO, keyId: KEY.key_id });
    expect(created.apiKey).toBe(FAKE_API_KEY);
    expect(inspect(created) + JSON.stringify(created)).not.toContain(FAKE_API_KEY);
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: "/v1/agents" });
    expect(fake.sentBody()).toEqual({
      name: "scheduling-bot",
      display_name: "Scheduling",
      scopes: { google: ["calendar.read"] },
      metadata: { team: "ops" },
      idempotency_key: "deploy-1",
      key: { scopes: ["proxy:execute"], constraints: { cidrs: ["10.0.0.0/8"], requests_per_minute: 60 } },
    });
  });

  test("an agent that was made before comes without its key", async () => {
    answer(201, { ...AGENT, api_key: null, key_id: null });
    const created = await fake.vault.agents.create({ name: "scheduling-bot", idempotencyKey: "deploy-1" });
    expect([created.apiKey, created.keyId]).toEqual([null, null]);
  });

  test.each([
    ["get", "GET", `/v1/agents/${AGENT_ID}`],
    ["pause", "POST", `/v1/agents/${AGENT_ID}/pause`],
    ["resume", "POST", `/v1/agents/${AGENT_ID}/resume`],
    ["delete", "DELETE", `/v1/agents/${AGENT_ID}`],
  ] as const)("%s", async (name, method, path) => {
    answer(200, AGENT);
    expect(await fake.vault.agents[name](AGENT_ID.toUpperCase())).toEqual(INFO);
    expect(fake.server.seen[0]).toMatchObject({ method, path });
  });

  test("list and getByName", async () => {
    answer(200, { agents: [AGENT] });
    expect(await fake.vault.agents.list()).toEqual([INFO]);
    expect(await fake.vault.agents.list({ includeRevoked: true })).toEqual([INFO]);
    expect(await fake.vault.agents.getByName("scheduling-bot")).toEqual(INFO);
    answer(200, { agents: [] });
    expect(await fake.vault.agents.getByName("nobody")).toBeNull();
    expect(fake.server.seen.map(({ path }) => path)).toEqual([
      "/v1/agents",
      "/v1/agents?include_revoked=true",
      "/v1/agents?name=scheduling-bot",
      "/v1/agents?name=nobody",
    ]);
  });

  test("update", async () => {
    answer(200, AGENT);
    expect(await fake.vault.agents.update(AGENT_ID, { displayName: null, metadata: {} })).toEqual(INFO);
    expect(fake.server.seen[0]).toMatchObject({ method: "PATCH", path: `/v1/agents/${AGENT_ID}` });
    expect(fake.sentBody()).toEqual({ display_name: null, metadata: {} });
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["no name", () => fake.vault.agents.create({} as { name: string }), /Option "name"/],
    ["a name with capitals", () => fake.vault.agents.create({ name: "Bot" }), /"name": lower case/],
    [
      "9 KB of metadata",
      () => fake.vault.agents.create({ name: "b", metadata: { a: "x".repeat(9000) } }),
      /"metadata": at most 8 KB/,
    ],
    [
      "metadata beyond JSON",
      () => fake.vault.agents.create({ name: "b", metadata: { a: 1n } }),
      /"metadata" cannot be/,
    ],
    ["an unknown option", () => fake.vault.agents.create({ name: "b", display_name: "B" } as never), /"displayName"/],
    [
      "an unknown option of the key",
      () => fake.vault.agents.create({ name: "b", key: { cidrs: [] } as object }),
      /"cidrs"/,
    ],
    [
      "a limit of none",
      () => fake.vault.agents.create({ name: "b", key: { constraints: { requestsPerMinute: 0 } } }),
      /"key\.constraints\.requestsPerMinute"/,
    ],
    ["a name for an id", () => fake.vault.agents.get("scheduling-bot"), /"agentId" must be a UUID/],
    ["a whole key for its id", () => fake.vault.keys.revoke(FAKE_API_KEY), /must be the id of a key/],
    ["a path for an id", () => fake.vault.keys.rotate("../apps"), /must be the id of a key/],
    [
      "force that is a text",
      () => fake.vault.keys.revoke("k", { force: "yes" } as never),
      /"force" must be true or false/,
    ],
  ])("%s is refused before anything is sent", async (_name, act, message) => {
    const failure = act();
    await expect(failure).rejects.toThrow(AlterValueError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(FAKE_API_KEY);
    expect(fake.server.seen).toHaveLength(0);
  });

  test.each([
    ["agent_not_found", AgentNotFoundError],
    ["agent_inactive", AgentInactiveError],
    ["idempotency_mismatch", IdempotencyKeyBodyMismatchError],
    ["agent_name_exists", AgentNameExistsError],
  ] as const)("%s", async (code, errorClass) => {
    refuse(code);
    await expect(fake.vault.agents.get(AGENT_ID)).rejects.toThrow(errorClass);
  });
});

describe("keys", () => {
  test("of an agent", async () => {
    answer(201, { ...KEY, api_key: FAKE_API_KEY });
    const made = await fake.vault.agents.mintKey(AGENT_ID, { name: "second", expiresInSeconds: 60 });
    expect(made).toEqual(KEY_INFO);
    expect(made.apiKey).toBe(FAKE_API_KEY);
    expect(inspect(made) + JSON.stringify(made)).not.toContain(FAKE_API_KEY);
    expect(fake.sentBody()).toEqual({ name: "second", expires_in_seconds: 60 });
    answer(200, { keys: [KEY] });
    expect(await fake.vault.agents.listKeys(AGENT_ID)).toEqual([KEY_INFO]);
    expect(fake.server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /v1/agents/${AGENT_ID}/keys`,
      `GET /v1/agents/${AGENT_ID}/keys`,
    ]);
  });

  test("rotate, deprecate, undeprecate, revoke", async () => {
    answer(201, { ...KEY, api_key: FAKE_API_KEY });
    expect((await fake.vault.keys.rotate(KEY.key_id, { expiresInSeconds: 60 })).apiKey).toBe(FAKE_API_KEY);
    answer(200, KEY);
    expect(await fake.vault.keys.deprecate(KEY.key_id)).toEqual(KEY_INFO);
    expect(await fake.vault.keys.undeprecate(KEY.key_id)).toEqual(KEY_INFO);
    expect(await fake.vault.keys.revoke(KEY.key_id, { force: true })).toEqual(KEY_INFO);
    refuse("last_active_key");
    await expect(fake.vault.keys.revoke(KEY.key_id)).rejects.toThrow(LastActiveKeyError);
    expect(fake.server.seen.map(({ path, body }) => [path, String(body)])).toEqual([
      [`/v1/keys/${KEY.key_id}/rotate`, '{"expires_in_seconds":60}'],
      [`/v1/keys/${KEY.key_id}/deprecate`, ""],
      [`/v1/keys/${KEY.key_id}/undeprecate`, ""],
      [`/v1/keys/${KEY.key_id}/revoke`, '{"force":true}'],
      [`/v1/keys/${KEY.key_id}/revoke`, '{"force":false}'],
    ]);
  });

  test("a deprecated one is told of once", async () => {
    fake.server.answer((_, response) => sendProvider(response, 200, { "alter-key-deprecated": "true" }, "{}"));
    await fake.vault.request(GRANT_ID, "GET", "https://api.example.com/");
    await fake.vault.request(GRANT_ID, "GET", "https://api.example.com/");
    expect(fake.warnings).toEqual([expect.stringMatching(/^The API key \w+ is deprecated/)]);
  });
});

describe("me", () => {
  const me = { app_id: APP_ID, app_name: "Demo", key_id: "k", scopes: ["proxy:execute"] };

  test("is the agent of the key", async () => {
    answer(200, { ...me, agent: { agent_id: AGENT_ID, name: "bot", status: "paused" } });
    expect(await fake.vault.me()).toEqual({
      agentId: AGENT_ID,
      name: "bot",
      status: "paused",
      appId: APP_ID,
      appName: "Demo",
      keyId: "k",
      scopes: ["proxy:execute"],
    });
  });

  test("is nobody for a key of the app", async () => {
    answer(200, { ...me, agent: null });
    const failure: unknown = await fake.vault.me().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AgentKeyRequiredError);
    expect(failure).toBeInstanceOf(MeRequiresAgentKeyError);
    expect(failure).toMatchObject({ code: "agent_key_required", retryable: false });
  });
});

test("trace() is around everything inside", async () => {
  const inside = await fake.vault.trace({ runId: "run-1", threadId: "thread-1" }, async () => currentContext());
  expect(inside).toEqual({ run_id: "run-1", thread_id: "thread-1" });
});
