import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger, initDataDir, loadConfig, systemSurroundings } from "@alter-vault/server";
import { startProgram } from "../processes/child.ts";
import { cpuOfProcess } from "../processes/cpu.ts";
import { findFreePort } from "../systems/free-port.ts";
import { storeUpstreamSecret, vaultSystem } from "../systems/vault.ts";
import type { System } from "../systems/system.ts";

const MAIN = new URL("../../../packages/server/src/main.ts", import.meta.url).pathname;
const START_MS = 30_000;

/** `alter-vault serve` on a PostgreSQL database of its own, with so many workers, on whatever cores there are. */
export async function startServedVault(
  dataDir: string,
  databaseUrl: string,
  workers: number,
  upstreamPort: number,
): Promise<System & { readonly stop: () => Promise<void> }> {
  const settings = { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_DATABASE_URL: databaseUrl };
  const apiKey = await initDataDir(loadConfig("serve", settings, {}), systemSurroundings(createLogger("silent")));
  const port = await findFreePort();
  const place = ["--data", dataDir, "--database", databaseUrl, "--port", String(port), "--workers", String(workers)];
  // For the upstream of the benchmark, which is on this machine.
  const loopback = "ALTER_VAULT_UNSAFE_ALLOW_LOOPBACK_UPSTREAMS=1";
  const { pid, stop } = startProgram("any", "env", [loopback, process.execPath, MAIN, "serve", ...place]);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  const vault = { url, apiKey, port, cpu: async () => cpuOfAll(pid), stop };
  const system = vaultSystem(vault, "proxy", await storeUpstreamSecret(vault, upstreamPort), upstreamPort);
  return { ...system, name: "vault_postgres", title: workers === 1 ? "one process" : `${workers} workers`, stop };
}

async function untilReady(url: string): Promise<void> {
  const from = performance.now();
  while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) {
    if (performance.now() - from > START_MS) throw new Error("the vault did not start");
    await sleep(50);
  }
}

/** Of the process and of its workers. */
function cpuOfAll(pid: number): number {
  const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...workers].reduce((sum, one) => sum + (cpuOfProcess(one) ?? 0), 0);
}
