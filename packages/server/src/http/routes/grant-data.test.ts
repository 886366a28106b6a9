import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

let vault: VaultOfTwo;
let grantId: string;
beforeAll(async () => {
  vault = await startVaultOfTwo();
  await vault.one.call("putProviderConfig", {
    id: "linear",
    body: {
      client_id: "fake",
      client_secret: "fake-client-secret",
      grant_schema: {
        type: "object",
        properties: { plan: { type: "string", enum: ["free", "pro"] } },
        required: ["plan"],
        additionalProperties: false,
      },
    },
  });
  grantId = await vault.connectAccount("linear");
});
afterAll(() => vault.stop());

test("data is empty, then what was put, for that app alone", async () => {
  const { one, other } = vault;
  expect(await one.call("getGrantData", { id: grantId })).toEqual({ grant_id: grantId, data: {} });
  const put = await one.call("putGrantData", { id: grantId, body: { data: { plan: "pro" } } });
  expect(put).toEqual({ grant_id: grantId, data: { plan: "pro" } });
  expect(await one.call("getGrantData", { id: grantId })).toEqual(put);
  expect(await vault.entry("putGrantData")).toMatchObject({ grant_id: grantId, provider: "linear", outcome: "done" });
  const theirs = { id: grantId, body: { data: { plan: "free" } } };
  expect(await refusal(other.call("getGrantData", { id: grantId }))).toMatchObject({ code: "grant_not_found" });
  expect(await refusal(other.call("putGrantData", theirs))).toMatchObject({ code: "grant_not_found" });
  expect(await one.call("getGrantData", { id: grantId })).toEqual(put);
});

test("data that does not fit the schema is refused by field, and without its values", async () => {
  const before = await vault.one.call("getGrantData", { id: grantId });
  const wrong = { plan: "gold-canary", other: 1 };
  const problem = await refusal(vault.one.call("putGrantData", { id: grantId, body: { data: wrong } }));
  expect(problem).toMatchObject({ code: "grant_data_invalid" });
  expect(problem.issues?.map(({ path }) => path)).toEqual(["data.plan", "data"]);
  const entry = await vault.entry("putGrantData");
  expect(entry).toMatchObject({ decision: "deny", code: "grant_data_invalid" });
  expect(JSON.stringify([problem, entry])).not.toContain("gold-canary");
  expect(await vault.one.call("getGrantData", { id: grantId })).toEqual(before);
});

test("data that is too long is refused", async () => {
  const id = await vault.connectAccount("github");
  const body = { data: { text: "x".repeat(65_536) } };
  expect(await refusal(vault.one.call("putGrantData", { id, body }))).toMatchObject({ code: "grant_data_invalid" });
});

test("data that is endlessly deep is refused", async () => {
  const id = await vault.connectAccount("github");
  const deep = JSON.parse(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`) as Record<string, never>;
  const problem = await refusal(vault.one.call("putGrantData", { id, body: { data: deep } }));
  expect(problem).toMatchObject({ code: "invalid_request", detail: expect.stringContaining("deep") as string });
  expect(await vault.entry("putGrantData")).toMatchObject({ decision: "deny", code: "invalid_request" });
});

test("a managed secret that goes by the name of the provider has nothing to do with its schema", async () => {
  const secret = await vault.one.call("createSecret", {
    body: {
      name: "linear key",
      provider: "linear",
      injection: { kind: "bearer" },
      value: { kind: "bearer", token: "fake-token-1234" },
      allowed_hosts: ["api.linear.app"],
    },
  });
  const body = { data: { anything: [1, { at: "all" }] } };
  expect(await vault.one.call("putGrantData", { id: secret.grant_id, body })).toMatchObject(body);
});

test("a deleted grant takes no data", async () => {
  const id = await vault.connectAccount("github");
  await vault.withStore((store) => store.endOAuthGrant(vault.appId, id, "deleted", 2));
  const body = { data: { a: 1 } };
  expect(await refusal(vault.one.call("putGrantData", { id, body }))).toMatchObject({ code: "grant_deleted" });
  expect(await vault.entry("putGrantData")).toMatchObject({ decision: "deny", code: "grant_deleted" });
});
