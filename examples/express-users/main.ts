import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { requireConnection, vaultErrorHandler, vaultMiddleware } from "@alter-vault/express";
import { createTestVault } from "@alter-vault/testing";
import express from "express";

/** Two users, one of whom has connected an account. */
const testVault = await createTestVault();
const app = express();
const server = app.listen(0, "127.0.0.1");
try {
  const calendar = await testVault.provider("calendar", { answer: () => [{ title: "Lunch" }] });
  const [ada, eve] = [await testVault.signIn("ada"), await testVault.signIn("eve")];
  await testVault.connect("calendar", ada);

  // What you write: the middleware, a route, the error handler.
  app.use(vaultMiddleware({ vault: testVault.sdk({ caller: "calendar-api" }) }));
  app.get("/events", requireConnection({ provider: "calendar" }), async (req, res) => {
    const events = await req.vault.request("GET", `${calendar.origin}/events`, { provider: "calendar" });
    res.json(await events.json());
  });
  app.use(vaultErrorHandler());

  if (!server.listening) await once(server, "listening");
  const get = (token: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, {
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
    });
  assert.deepEqual(await (await get(ada)).json(), [{ title: "Lunch" }]);
  const answer = await get(eve);
  assert.equal(answer.status, 403);
  const { action } = (await answer.json()) as { action: { message: string; url: string } };
  process.stdout.write(`${action.message} ${action.url}\n`);
  assert.equal((await get("")).headers.get("www-authenticate"), 'Bearer realm="vault"');

  assert.equal(calendar.calls.length, 1);
  assert.ok(!String(calendar.calls[0]?.headers.authorization).includes(ada), "the provider never saw the user's token");
  const [entry] = await testVault.calls();
  assert.deepEqual([entry?.principal_type, entry?.outcome], ["user", "provider"]);
} finally {
  server.closeAllConnections();
  server.close();
  await testVault.stop();
}
