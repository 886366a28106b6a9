import { makeProblem } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { AlterValueError } from "./errors.ts";
import {
  FAKE_API_KEY,
  GRANT_ID,
  sendProblem,
  sendVaultJson,
  startFakeVault,
  type FakeVault,
} from "./fake-vault.test-support.ts";

const DATA = { team_name: "red", limits: [1, { b: null }] };

let server: FakeVault;
let vault: AlterVault;

beforeAll(async () => {
  server = await startFakeVault();
  vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url });
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.answer((_, response) => sendVaultJson(response, 200, { grant_id: GRANT_ID, data: DATA }));
});

test("is read", async () => {
  expect(await vault.getGrantData(GRANT_ID)).toEqual(DATA);
  expect(server.seen[0]).toMatchObject({ method: "GET", path: `/v1/grants/${GRANT_ID}/data` });
});

test("is replaced", async () => {
  expect(await vault.setGrantData(GRANT_ID, DATA)).toEqual(DATA);
  expect(server.seen[0]).toMatchObject({ method: "PUT", path: `/v1/grants/${GRANT_ID}/data` });
  expect(JSON.parse(String(server.seen[0]?.body))).toEqual({ data: DATA });
});

test("that does not fit the schema is refused by the vault, with the places", async () => {
  const issues = [{ path: "data.team_name", message: "must be a number" }];
  server.answer((_, response) => sendProblem(response, makeProblem("grant_data_invalid", "no", { issues })));
  await expect(vault.setGrantData(GRANT_ID, DATA)).rejects.toMatchObject({
    code: "grant_data_invalid",
    details: { issues },
  });
});

test("that is no JSON is not sent, and its own names stay as they are", async () => {
  const failure = vault.setGrantData(GRANT_ID, { team_name: (() => 1) as unknown as string });
  await expect(failure).rejects.toThrow(AlterValueError);
  await expect(failure).rejects.toThrow(/Option "data\.team_name"/);
  await expect(vault.setGrantData("github", DATA)).rejects.toThrow(/"grantId" must be the UUID/);
  expect(server.seen).toHaveLength(0);
});
