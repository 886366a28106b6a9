import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { examplesMissingIn } from "@alter-vault/sdk/readme-examples.test-support";
import { createTestVault } from "@alter-vault/testing";
import express from "express";
import { expect, test } from "vitest";
import { requireConnection, vaultErrorHandler, vaultMiddleware } from "./index.ts";

test("the example of the README does what it says", async () => {
  const testVault = await createTestVault();
  const answer = () => [{ number: 7 }];
  const github = await testVault.provider("github", { hosts: ["api.github.com"], answer });
  const ada = await testVault.signIn("ada");
  const vault = testVault.sdk({ caller: "issues-api" });
  const app = express();
  app.use(express.json(), vaultMiddleware({ vault, threadId: (req) => req.body?.id }));
  app.get("/issues", requireConnection({ provider: "github", scopes: ["repo"] }), async (req, res) => {
    const answer = await req.vault.request("GET", "https://api.github.com/issues", { provider: "github" });
    res.json(await answer.json());
  });
  app.use(vaultErrorHandler());

  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/issues`;
  const headers = { authorization: `Bearer ${ada}` };
  const stranger = await fetch(url);
  expect([stranger.status, await stranger.json()]).toMatchObject([401, { code: "user_token_missing" }]);
  const unconnected = await fetch(url, { headers });
  expect([unconnected.status, await unconnected.json()]).toMatchObject([403, { code: "grant_not_found" }]);
  expect(github.calls).toEqual([]);
  await testVault.connect("github", ada);
  expect(await (await fetch(url, { headers })).json()).toEqual([{ number: 7 }]);
  expect(github.calls).toHaveLength(1);
  server.closeAllConnections();
  server.close();
  await testVault.stop();
});

test("the examples of the README are the ones that compile", () => {
  expect(examplesMissingIn(import.meta.url)).toEqual([]);
});
