import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AlterVault, BackendError, NetworkError, withContext } from "@alter-vault/sdk";
import type { VaultClient } from "@alter-vault/server";
import { operatorAt } from "../harness/operator-at.ts";
import { EFFECTS_HOST, type World } from "./world.ts";

/** What the callers were told. */
export interface Ledger {
  calls: number;
  retries: number;
  /** Tool calls of which nobody can say whether they were done. */
  unknown: number;
  /** Ids of calls that were answered by the provider. */
  readonly answered: Set<string>;
  /** Grants of secrets that were said to be stored. */
  readonly stored: Set<string>;
  /** Errors that do not say that the same call may succeed later, and calls that never got through. */
  readonly fatal: string[];
  readonly latencies: number[];
}

const GIVE_UP_MS = 60_000;

/** Callers that do what an application does, until they are told to stop. */
export async function runLoad(world: World, clients: number, until: AbortSignal): Promise<Ledger> {
  const ledger: Ledger = {
    calls: 0,
    retries: 0,
    unknown: 0,
    answered: new Set(),
    stored: new Set(),
    fatal: [],
    latencies: [],
  };
  const vaults = world.replicas.map(
    ({ url }) => new AlterVault({ apiKey: world.apiKey, baseUrl: url, caller: "soak", timeout: 15_000 }),
  );
  const operators = world.replicas.map(({ url }) => operatorAt(url, world.apiKey));
  const callers = Array.from({ length: clients }, (_, index) => callOnAndOn(world, vaults, index, ledger, until));
  await Promise.all([...callers, storeOnAndOn(operators, ledger, until)]);
  await Promise.all([...vaults, ...operators].map((client) => client.close()));
  return ledger;
}

async function callOnAndOn(
  world: World,
  vaults: readonly AlterVault[],
  first: number,
  ledger: Ledger,
  until: AbortSignal,
): Promise<void> {
  for (let turn = first; !until.aborted; turn++) {
    const id = randomUUID();
    const grant = world.oauthGrants[turn % world.oauthGrants.length];
    const isEffect = turn % 4 !== 0;
    const method = isEffect && turn % 2 === 0 ? "POST" : "GET";
    const url = isEffect || !grant ? `https://${EFFECTS_HOST}/call-${id}` : `${grant.apiUrl}/call-${id}`;
    const grantId = isEffect || !grant ? world.secretGrant : grant.grantId;
    const from = performance.now();
    // With them, a call that is made again does not act twice, so a broken connection is no reason to give up.
    const tool = method === "POST" ? { threadId: id, toolCallId: id } : {};
    const isAnswered = await persist(ledger, `${method} ${url}`, turn, (attempt) =>
      // Each time a new run of the same tool call, as a framework makes it.
      withContext(tool, async () => {
        const response = await vaults[attempt % vaults.length]?.request(method, url, { grantId });
        await response?.text().catch((error: unknown) => {
          throw new AnswerCut("the answer was cut off", { cause: error });
        });
      }),
    );
    ledger.calls++;
    if (!isAnswered) continue;
    ledger.answered.add(id);
    ledger.latencies.push(performance.now() - from);
  }
}

async function storeOnAndOn(operators: readonly VaultClient[], ledger: Ledger, until: AbortSignal): Promise<void> {
  for (let turn = 0; !until.aborted; turn++) {
    const body = {
      name: `secret ${randomUUID()}`,
      injection: { kind: "bearer" as const },
      value: { kind: "bearer" as const, token: "fake-token" },
      allowed_hosts: [EFFECTS_HOST],
    };
    try {
      const made = await operators[turn % operators.length]?.call("createSecret", { body });
      if (made) ledger.stored.add(made.grant_id);
    } catch {
      // Whether it was stored is not known; nothing was promised.
      await sleep(50);
    }
    await sleep(20);
  }
}

/** A replica was killed after the first bytes of an answer. */
class AnswerCut extends Error {}

/** What a vault says of a tool call that was under way when its replica was killed: nobody knows, so it is not repeated. */
const UNKNOWN = "tool_call_outcome_unknown";

/** Tries again while the error says so, and after a connection broke: what is called is harmless, or a tool call. */
async function persist(
  ledger: Ledger,
  what: string,
  start: number,
  work: (attempt: number) => Promise<void>,
): Promise<boolean> {
  const from = performance.now();
  for (let attempt = start; ; attempt++) {
    try {
      await work(attempt);
      return true;
    } catch (error) {
      const isLost = error instanceof NetworkError || error instanceof AnswerCut;
      if (error instanceof BackendError && error.code === UNKNOWN) {
        ledger.unknown++;
        return false;
      }
      if (!isLost && !(error instanceof BackendError && error.retryable)) {
        ledger.fatal.push(`${what}: ${describe(error)}`);
        return false;
      }
      if (performance.now() - from > GIVE_UP_MS) {
        ledger.fatal.push(`${what}: gave up after ${describe(error)}`);
        return false;
      }
      ledger.retries++;
      await sleep(20 + Math.min(500, (attempt - start) * 50));
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name} ${"code" in error ? String(error.code) : ""} ${error.message}`;
}
