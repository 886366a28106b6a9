import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { coveredComponents, parseApiKey, signatureBase, signatureInput, SIGNING_KEY_INFO } from "@alter-vault/protocol";
import { finishDataDir, makeDataDir } from "../growth/data-dir.ts";
import type { Options } from "../options.ts";
import { makeWorkDir } from "../processes/work-dir.ts";
import { median, percentile } from "../statistics.ts";
import { UPSTREAM_PATH } from "../systems/system.ts";
import { startUpstream } from "../systems/upstream.ts";
import { startVault } from "../systems/vault.ts";
import { callVault } from "../systems/vault-api.ts";
import { fillIdentity, providerAt, sessionTokenAt, type Filled } from "./fill-identity.ts";

/**
 * The fourth part: whether finding a grant by provider and user takes longer than naming it, with many users, grants and
 * agents. Whole calls at one connection, for another user each time; both ways take turns call by call, so that what the
 * machine does meanwhile meets both alike.
 */
const USERS = 10_000;
const AGENTS = ["one", "two", "three"];
const EMPTY_DIGEST = `sha-256=:${createHash("sha256").digest("base64")}:`;

interface IdentityRatios {
  /** An app for a user. */
  readonly provider_vs_grant_p50_ratio: number;
  /** An agent for a user who let it. */
  readonly agent_provider_vs_grant_p50_ratio: number;
}

export async function runIdentity(options: Options): Promise<{ identity: IdentityRatios }> {
  const dir = makeWorkDir(options.dir);
  const upstream = await startUpstream(dir);
  const dataDir = join(dir, "identity");
  const users = options.quick ? 1_000 : USERS;
  const agents = await makeAgents(dataDir);
  const open = await makeDataDir(dataDir, "opens what is there");
  console.error(`filling ${users.toLocaleString("en")} users, 5 grants each, lent to 3 agents`);
  const filled = await fillIdentity(
    open,
    users,
    agents.map(({ id }) => id),
    upstream.port,
  );
  finishDataDir(open);
  const vault = await startVault(dataDir, options.profileDir);
  const target = `http://127.0.0.1:${upstream.port}${UPSTREAM_PATH}`;
  const rounds = options.rounds ?? (options.quick ? 3 : 7);
  const calls = options.quick ? 300 : 1_500;
  const measure = async (name: string, apiKey: string): Promise<number> => {
    const caller = openCaller(vault.url, apiKey, target);
    await pairOfTimes(caller, filled, calls);
    const pairs = [];
    for (let round = 0; round < rounds; round++) pairs.push(await pairOfTimes(caller, filled, calls));
    caller.close();
    const ratio = median(pairs.map(({ provider, grant }) => provider / grant));
    const [byProvider, byGrant] = [median(pairs.map((one) => one.provider)), median(pairs.map((one) => one.grant))];
    console.log(
      `${name.padEnd(24)} by provider ${byProvider.toFixed(3)} ms, by grant ${byGrant.toFixed(3)} ms: ${ratio.toFixed(3)}`,
    );
    return Number(ratio.toFixed(4));
  };
  console.log("\none call at one connection, proxy mode, for another user each time, at the median\n");
  const identity = {
    provider_vs_grant_p50_ratio: await measure("an app for a user", vault.apiKey),
    agent_provider_vs_grant_p50_ratio: await measure("an agent for a user", agents[0]?.key ?? ""),
  };
  await vault.stop();
  rmSync(dataDir, { recursive: true, force: true });
  return { identity };
}

/** By the vault itself, which alone can seal their keys. */
async function makeAgents(dataDir: string): Promise<{ id: string; key: string }[]> {
  finishDataDir(await makeDataDir(dataDir));
  const vault = await startVault(dataDir, null);
  const agents = [];
  for (const name of AGENTS) {
    const made = await callVault<{ agent_id: string; api_key: string }>(vault, "POST", "/v1/agents", { name });
    agents.push({ id: made.agent_id, key: made.api_key });
  }
  await vault.stop();
  return agents;
}

interface Caller {
  /** In milliseconds. */
  call(alter: Readonly<Record<string, string>>): Promise<number>;
  close(): void;
}

async function pairOfTimes(
  caller: Caller,
  filled: Filled,
  calls: number,
): Promise<{ provider: number; grant: number }> {
  const times = { provider: new Float64Array(calls), grant: new Float64Array(calls) };
  for (let at = 0; at < calls; at++) {
    // Each way has a turn to be first, and users of its own: neither finds what the other has just read.
    for (const way of at % 2 === 0 ? (["provider", "grant"] as const) : (["grant", "provider"] as const)) {
      const user = randomBytes(4).readUInt32BE() % filled.users;
      const provider = at % filled.providers;
      const named =
        way === "provider"
          ? { "alter-provider": providerAt(provider) }
          : { "alter-grant": filled.grantId(user, provider) };
      times[way][at] = await caller.call({ ...named, "alter-user-token": sessionTokenAt(user) });
    }
  }
  return { provider: percentile(times.provider.sort(), 0.5), grant: percentile(times.grant.sort(), 0.5) };
}

function openCaller(url: string, apiKey: string, target: string): Caller {
  const { host, hostname, port } = new URL(url);
  const key = parseApiKey(apiKey);
  if (!key) throw new Error("this is not an API key");
  const signingKey = Buffer.from(hkdfSync("sha256", key.secret, "", SIGNING_KEY_INFO, 32));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  function sign(alter: Readonly<Record<string, string>>): Record<string, string> {
    const headers: Record<string, string> = {
      "alter-method": "GET",
      "alter-target": target,
      ...alter,
      "content-digest": EMPTY_DIGEST,
    };
    const components = coveredComponents(headers);
    const created = Math.floor(Date.now() / 1000);
    const input = signatureInput(components, {
      created,
      nonce: randomBytes(16).toString("base64url"),
      keyId: key?.id ?? "",
    });
    const message = { method: "POST", authority: host, requestTarget: "/v1/request", headers };
    const signature = createHmac("sha256", signingKey)
      .update(signatureBase(message, components, input))
      .digest("base64");
    return {
      ...headers,
      "signature-input": `alter=${input}`,
      signature: `alter=:${signature}:`,
      "content-length": "0",
    };
  }

  return {
    close: () => agent.destroy(),
    call(alter) {
      const headers = sign(alter);
      return new Promise((resolve, reject) => {
        const started = performance.now();
        const sending = request({ agent, hostname, port, method: "POST", path: "/v1/request", headers }, (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => {
            if (response.statusCode === 200) resolve(performance.now() - started);
            else reject(new Error(`a call failed: ${text}`));
          });
        });
        sending.on("error", reject);
        sending.end();
      });
    },
  };
}
