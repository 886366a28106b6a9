import assert from "node:assert/strict";
import { once } from "node:events";
import { requireConnection, vaultErrorHandler, vaultMiddleware } from "@alter-vault/express";
import { createTestVault } from "@alter-vault/testing";
import express from "express";

const testVault = await createTestVault();
const notes = await testVault.provider("notes");
const ada = await testVault.signIn("ada");
const app = express();
app.use(vaultMiddleware({ vault: testVault.sdk(), threadId: (req) => req.get("x-chat") }));
app.get("/notes", requireConnection({ provider: "notes" }), (req, res, next) => {
  req.vault
    .request("GET", "https://api.notes.example/x", { provider: "notes" })
    .then((answer) => res.json({ status: answer.status }), next);
});
app.use(vaultErrorHandler());
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const get = (headers) => fetch(`http://127.0.0.1:${server.address().port}/notes`, { headers });
const headers = { authorization: `Bearer ${ada}`, "x-request-id": "run-1", "x-chat": "thread-1" };

const stranger = await get({});
assert.equal(stranger.status, 401);
assert.match(stranger.headers.get("www-authenticate"), /^Bearer/);
const missing = await get(headers);
assert.equal(missing.status, 403);
assert.match((await missing.json()).action.url, /^http:\/\/127\.0\.0\.1/);
await testVault.connect("notes", ada);
const done = await get(headers);
assert.deepEqual([done.status, await done.json()], [200, { status: 200 }]);
assert.equal(notes.calls.length, 1);
const [entry] = await testVault.calls();
assert.deepEqual(entry.context, { run_id: "run-1", thread_id: "thread-1" });
assert.equal(entry.principal_type, "user");
server.closeAllConnections();
server.close();
await testVault.stop();
