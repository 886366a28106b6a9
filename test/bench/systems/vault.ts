import type { Grant, SecretCreate, SecretCreated } from "@alter-vault/protocol";
import type { RandomGrant } from "../load/call-plan.ts";
import { startNode } from "../processes/child.ts";
import { UPSTREAM_PATH, UPSTREAM_TOKEN, type System } from "./system.ts";
import { callVault } from "./vault-api.ts";

export interface VaultProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly port: number;
  readonly cpu: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** The vault in a data directory, as a process of its own. */
export async function startVault(
  dataDir: string,
  profileDir: string | null,
  databaseUrl?: string,
): Promise<VaultProcess> {
  const args = databaseUrl === undefined ? [dataDir] : [dataDir, databaseUrl];
  const profiling = profileDir === null ? [] : ["--cpu-prof", "--cpu-prof-dir", profileDir];
  const child = await startNode<{ url: string; apiKey: string }>("system", "vault-process.ts", args, profiling);
  const { url, apiKey } = child.ready;
  return { url, apiKey, port: Number(new URL(url).port), cpu: child.cpu, stop: child.stop };
}

/** Stores the credential of the upstream, as a developer would, and allows both ways to use it. Returns the grant's id. */
export async function storeUpstreamSecret(vault: VaultProcess, upstreamPort: number): Promise<string> {
  const secret: SecretCreate = {
    name: "bench upstream",
    injection: { kind: "bearer" },
    value: { kind: "bearer", token: UPSTREAM_TOKEN },
    allowed_hosts: [`127.0.0.1:${upstreamPort}`],
  };
  const { grant_id: grantId } = await callVault<SecretCreated>(vault, "POST", "/v1/secrets", secret);
  await callVault<Grant>(vault, "PATCH", `/v1/grants/${grantId}`, { allow_retrieve: true });
  return grantId;
}

export function vaultSystem(
  { port, apiKey, cpu }: VaultProcess,
  mode: "proxy" | "retrieve",
  grant: string | RandomGrant,
  upstreamPort: number,
): System {
  const target = `http://127.0.0.1:${upstreamPort}${UPSTREAM_PATH}`;
  const path = mode === "proxy" ? "/v1/request" : "/v1/retrieve";
  return {
    name: `vault_${mode}`,
    title: `vault, ${mode} mode`,
    port,
    call: { kind: "signed", path, apiKey, target, grant },
    cpu,
  };
}
