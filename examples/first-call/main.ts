import assert from "node:assert/strict";
import process, { argv, exit, stdout } from "node:process";
import { runAgent } from "./agent.ts";
import { startDemoProvider } from "./demo-provider.ts";
import { tell } from "./tell.ts";
import { startDemoVault, storeToken } from "./vault.ts";

/**
 * The first call, from nothing: a vault on an embedded database, a provider, and an agent that reads and writes through
 * the vault and then tries to take the credential elsewhere. Prints what happened and checks that it did.
 */
const once = argv.includes("--once");
const token = "fake-demo-token-1f2e3d4c5b6a";

const started = performance.now();
const provider = await startDemoProvider(token);
const vault = await startDemoVault(once);
const readyMs = Math.round(performance.now() - started);

const grantId = await storeToken(vault.operator, token, provider.origin);
const report = await runAgent(vault.url, vault.apiKey, grantId, provider.origin);
const { entries } = await vault.operator.call("listAudit", { query: { run_id: report.runId } });
const verification = await vault.operator.call("verifyAudit");

tell({ write: (line) => stdout.write(`${line}\n`), readyMs, vault, provider, grantId, report, entries, verification });

assert.deepEqual(
  provider.seen.map(({ method, authorized, alterHeaders }) => [method, authorized, alterHeaders.length]),
  [
    ["GET", true, 0],
    ["POST", true, 0],
  ],
  "the provider saw two calls, with the right credential, and nothing of the vault's own",
);
assert.ok(!JSON.stringify(report).includes(token), "the agent never saw the token");
assert.equal(report.refused, "target_host_not_allowed");
assert.deepEqual(entries.map((entry) => [entry.context["tool_call_id"], entry.decision, entry.outcome]).toReversed(), [
  ["call_1", "allow", "provider"],
  ["call_2", "allow", "provider"],
  ["call_3", "deny", "none"],
]);
assert.ok(verification.ok, "the audit log verifies");

async function stop(code: number): Promise<void> {
  await vault.stop();
  await provider.close();
  exit(code);
}

if (once) await stop(0);
else {
  stdout.write(`\nStays up. Ctrl-C stops it.\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(0));
}
