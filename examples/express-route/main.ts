import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { vaultErrorHandler, vaultMiddleware } from "@alter-vault/express";
import { createTestVault } from "@alter-vault/testing";
import express from "express";

/**
 * A route of an Express server asks an issue tracker for its issues. The server never holds the tracker's token, the
 * audit log says which request and which conversation made the call, and a refusal is an answer that clients can read.
 */
const testVault = await createTestVault();
const app = express();
const server = app.listen(0, "127.0.0.1");
try {
  const tracker = await testVault.provider("tracker", {
    answer: () => [{ type: "issue", number: 7, title: "The door is stuck" }],
  });
  await testVault.connect("tracker");

  // What you write: the middleware, your routes, the error handler.
  const vault = testVault.sdk({ caller: "issues-api" });
  app.use(vaultMiddleware({ vault, userToken: false, threadId: (req) => req.get("x-chat-id") }));
  app.get("/:owner/:repo/issues", async (req, res) => {
    const issues = await req.vault.request("GET", `${tracker.origin}/repos/{owner}/{repo}/issues`, {
      provider: "tracker",
      pathParams: req.params,
      toolCallId: "call_1",
    });
    res.json({ open: await issues.json() });
  });
  app.get("/elsewhere", async (req, res) => {
    res.json(await (await req.vault.request("GET", "https://elsewhere.example/", { provider: "tracker" })).json());
  });
  app.use(vaultErrorHandler());

  if (!server.listening) await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const headers = { "x-request-id": "req-1001", "x-chat-id": "chat-7" };
  const answer = await fetch(`${base}/acme/website/issues`, { headers });
  assert.equal(answer.headers.get("x-request-id"), "req-1001");
  assert.deepEqual(await answer.json(), { open: [{ type: "issue", number: 7, title: "The door is stuck" }] });
  assert.deepEqual(
    tracker.calls.map(({ method, path }) => `${method} ${path}`),
    ["GET /repos/acme/website/issues"],
  );

  const refused = await fetch(`${base}/elsewhere`, { headers });
  assert.equal(refused.status, 403);
  assert.match(refused.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = (await refused.json()) as { readonly code: string; readonly request_id: string };
  assert.equal(problem.code, "target_host_not_allowed");

  const [allowed, denied, ...more] = await testVault.calls();
  assert.deepEqual(more, []);
  assert.deepEqual(allowed?.context, { run_id: "req-1001", thread_id: "chat-7", tool_call_id: "call_1" });
  assert.deepEqual(allowed.caller, { type: "agent", identifier: "issues-api", framework: "express" });
  assert.deepEqual([allowed.decision, allowed.outcome, allowed.status], ["allow", "provider", 200]);
  assert.deepEqual([denied?.decision, denied?.code], ["deny", "target_host_not_allowed"]);
  assert.equal(denied?.context["run_id"], "req-1001");
  assert.equal(denied?.entry_id, problem.request_id);
  process.stdout.write(
    `${allowed.caller.identifier} ${allowed.method} ${allowed.url} ${JSON.stringify(allowed.context)}\n`,
  );
} finally {
  server.closeAllConnections();
  server.close();
  await testVault.stop();
}
