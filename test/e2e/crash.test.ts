import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getThrough, rawCall } from "../harness/raw-call.ts";
import { onPostgres } from "../harness/test-storage.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";

/*
 * `kill -9` at random moments under load. After each one, on the same data directory:
 *   - whatever was acknowledged is there: the entry of every answered call, every secret that was said to be stored;
 *   - the provider saw no call that is not in the log;
 *   - the hash chain verifies, and the vault starts again by itself.
 * The moments come from a seed that is printed; ALTER_TEST_SEED runs the same ones again.
 */
const KILLS = onPostgres ? 20 : 200;
const LANES = 2;
const CLIENTS = 6;
const TOKEN = "fake-token-crash-0123456789";
const seed = Number(process.env["ALTER_TEST_SEED"] ?? Date.now() % 1_000_000);

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream((_call, response) => void response.end("ok"));
});
afterAll(() => upstream.close());

/** A small generator that gives the same moments for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Acknowledged {
  readonly requestIds: string[];
  readonly grantIds: string[];
}

async function load(vault: VaultProcess, grantId: string, lane: number, until: AbortSignal): Promise<Acknowledged> {
  const acknowledged: Acknowledged = { requestIds: [], grantIds: [] };
  const { url, apiKey } = vault;
  let calls = 0;
  const client = async (): Promise<void> => {
    while (!until.aborted) {
      const target = `${upstream.origin}/lane-${lane}/call-${crypto.randomUUID()}`;
      const answer = await rawCall(url, apiKey, { alter: getThrough(grantId, target) }).catch(() => null);
      if (answer?.status === 200) acknowledged.requestIds.push(String(answer.headers["alter-request-id"]));
      calls++;
    }
  };
  const writer = async (): Promise<void> => {
    while (!until.aborted) {
      const stored = await vault.bearer(TOKEN, upstream.origin).catch(() => null);
      if (stored) acknowledged.grantIds.push(stored);
    }
  };
  await Promise.all([...Array.from({ length: CLIENTS }, client), writer()]);
  expect(calls).toBeGreaterThan(0);
  return acknowledged;
}

async function check(
  vault: VaultProcess,
  { requestIds, grantIds }: Acknowledged,
  seen: readonly string[],
): Promise<void> {
  if (!onPostgres) expect(await vault.query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  const rows = await vault.query<{ entry_id: string; body: string }>(
    "SELECT entry_id, body FROM log WHERE kind = 'entry' ORDER BY entry_id DESC LIMIT 20000",
  );
  const entries = new Set(rows.map((row) => row.entry_id));
  for (const id of requestIds) expect(entries.has(id), `entry ${id} of an answered call`).toBe(true);
  const grants = new Set(
    (
      await vault.query<{ id: string }>("SELECT grants.id FROM grants JOIN secrets ON secrets.id = grants.secret_id")
    ).map(({ id }) => id),
  );
  for (const id of grantIds) expect(grants.has(id), `acknowledged grant ${id}`).toBe(true);
  const written = new Set(rows.map(({ body }) => /\/call-[0-9a-f-]{36}/.exec(body)?.[0]));
  for (const path of seen) expect(written.has(path), `the provider saw ${path}, the log did not`).toBe(true);
}

test(`${KILLS} kills under load lose nothing that was acknowledged (seed ${seed})`, { timeout: 600_000 }, async () => {
  const totals = { calls: 0, secrets: 0, unknown: 0 };
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const random = randomFrom(seed + lane);
      const vault = await startVaultProcess();
      try {
        const grantId = await vault.bearer(TOKEN, upstream.origin);
        for (let kill = 0; kill < KILLS / LANES; kill++) {
          const stop = new AbortController();
          const before = upstream.calls.length;
          const running = load(vault, grantId, lane, stop.signal);
          // A call takes longer there, and what is killed has to be in the middle of some.
          await sleep((onPostgres ? 150 : 20) + random() * (onPostgres ? 400 : 130));
          await vault.kill();
          stop.abort();
          const acknowledged = await running;
          const seen = upstream.calls
            .slice(before)
            .filter(({ url }) => url.startsWith(`/lane-${lane}/`))
            .map(({ url }) => url.slice(`/lane-${lane}`.length));
          await check(vault, acknowledged, seen);
          totals.calls += acknowledged.requestIds.length;
          totals.secrets += acknowledged.grantIds.length;
          await vault.start();
          if (kill % 10 === 9 || kill === KILLS / LANES - 1) {
            const answer = await rawCall(vault.url, vault.apiKey, { path: "/v1/audit/verify" });
            const report = JSON.parse(answer.body.toString()) as {
              ok: boolean;
              problems: unknown[];
              outcome_unknown_total: number;
            };
            expect(report.problems).toEqual([]);
            expect(report.ok).toBe(true);
            totals.unknown = Math.max(totals.unknown, report.outcome_unknown_total);
          }
        }
      } finally {
        await vault.stop();
      }
    }),
  );
  console.info(
    `${KILLS} kills: ${totals.calls} answered calls and ${totals.secrets} stored secrets, none lost; ${totals.unknown} outcomes unknown`,
  );
  expect(totals.calls).toBeGreaterThan(KILLS);
  expect(totals.secrets).toBeGreaterThan(KILLS / 4);
});
