import { makeProblem } from "@alter-vault/protocol";
import { beforeEach, expect, test } from "vitest";
import { AlterValueError } from "./errors.ts";
import { GRANT_ID, sendProblem, sendVaultJson } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const DATA = { team_name: "red", limits: [1, { b: null }] };

const fake = useFakeVault();
beforeEach(() => {
  fake.server.answer((_, response) => sendVaultJson(response, 200, { grant_id: GRANT_ID, data: DATA }));
});

test("is read", async () => {
  expect(await fake.vault.getGrantData(GRANT_ID)).toEqual(DATA);
  expect(fake.server.seen[0]).toMatchObject({ method: "GET", path: `/v1/grants/${GRANT_ID}/data` });
});

test("is replaced", async () => {
  expect(await fake.vault.setGrantData(GRANT_ID, DATA)).toEqual(DATA);
  expect(fake.server.seen[0]).toMatchObject({ method: "PUT", path: `/v1/grants/${GRANT_ID}/data` });
  expect(fake.sentBody()).toEqual({ data: DATA });
});

test("that does not fit the schema is refused by the vault, with the places", async () => {
  const issues = [{ path: "data.team_name", message: "must be a number" }];
  fake.server.answer((_, response) => sendProblem(response, makeProblem("grant_data_invalid", "no", { issues })));
  await expect(fake.vault.setGrantData(GRANT_ID, DATA)).rejects.toMatchObject({
    code: "grant_data_invalid",
    details: { issues },
  });
});

test.each<[string, unknown, RegExp]>([
  ["a BigInt", { team_name: 1n }, /"data" cannot be written as JSON/],
  ["itself", circular(), /"data" cannot be written as JSON/],
  ["no object", ["red"], /Option "data": .*record/],
  ["an empty name", { "": 1 }, /Option "data\."/],
])("that is or holds %s is not sent", async (_name, data, message) => {
  const failure = fake.vault.setGrantData(GRANT_ID, data as typeof DATA);
  await expect(failure).rejects.toThrow(AlterValueError);
  await expect(failure).rejects.toThrow(message);
  expect(fake.server.seen).toHaveLength(0);
});

test("of something that is no grant id", async () => {
  await expect(fake.vault.setGrantData("github", DATA)).rejects.toThrow(/"grantId" must be the UUID/);
  expect(fake.server.seen).toHaveLength(0);
});

function circular(): object {
  const data: { self?: object } = {};
  data.self = data;
  return data;
}
