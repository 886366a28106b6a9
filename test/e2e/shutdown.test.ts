import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getThrough, rawCall } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

let vault: VaultProcess;
let upstream: Upstream;
beforeAll(async () => {
  vault = await startVaultProcess();
  upstream = await startUpstream(async (_call, response) => {
    await sleep(400);
    response.end("late");
  });
});
afterAll(async () => {
  await vault.stop();
  await upstream.close();
});

test("SIGTERM: open calls get their answers, new ones are told, and every outcome is written", async () => {
  const grantId = await vault.bearer("fake-token-shutdown-0123", upstream.origin);
  const call = (): Promise<string> =>
    rawCall(vault.url, vault.apiKey, { alter: getThrough(grantId, `${upstream.origin}/slow`) }).then(
      ({ status, body, problem }) => (status === 200 ? body.toString() : (problem?.code ?? String(status))),
      () => "refused",
    );
  const open = Promise.all(Array.from({ length: 20 }, call));
  await sleep(150);
  expect(upstream.calls).toHaveLength(20);
  const asked = performance.now();
  const stopped = vault.terminate();
  await sleep(50);
  expect(["refused", "shutting_down"]).toContain(await call());
  expect(await open).toEqual(Array<string>(20).fill("late"));
  expect(await stopped).toBe(0);
  expect(performance.now() - asked, "kept-alive connections do not hold up the stop").toBeLessThan(3_000);

  const kinds = await vault.query<{ kind: string; n: number | string }>(
    "SELECT kind, count(*) AS n FROM log WHERE body LIKE '%proxy%' OR kind = 'outcome' GROUP BY kind",
  );
  const counted = Object.fromEntries(kinds.map(({ kind, n }) => [kind, Number(n)]));
  // Twenty calls, and the outcome of storing the secret.
  expect(counted).toEqual({ entry: 20, outcome: 21 });
  await vault.start();
  const report = JSON.parse(
    (await rawCall(vault.url, vault.apiKey, { path: "/v1/audit/verify" })).body.toString(),
  ) as object;
  expect(report).toMatchObject({ ok: true, outcome_unknown_total: 0 });
});
