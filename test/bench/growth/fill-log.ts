import { randomBytes } from "node:crypto";
import { formatUuidV7 } from "@alter-vault/protocol";
import { UPSTREAM_PATH } from "../systems/system.ts";
import type { OpenDataDir } from "./data-dir.ts";
import { grantIdAt } from "./grant-id.ts";
import { inBatches } from "./in-batches.ts";

/** A year of calls, ending now: an entry and its outcome for each, with what they can be searched by. */
const SPAN_MS = 365 * 86_400_000;

/**
 * Fills the audit log with `rows` rows that are like those of proxied calls in size and in what they hold. The hash chain
 * is not valid, which only a verification would notice. Call it before anything is in the log.
 */
export async function fillLog({ db, appId }: OpenDataDir, rows: number, grants: number): Promise<void> {
  const insertRow = db.prepare(
    "INSERT INTO log (seq, writer, kind, entry_id, app_id, at, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const insertRef = db.prepare("INSERT INTO log_refs VALUES (?, ?, ?, ?)");
  const started = Date.now() - SPAN_MS;
  const outcome = JSON.stringify(OUTCOME);
  let entryId = "";
  await inBatches(db, "audit rows", rows, (index) => {
    const seq = index + 1;
    const call = index >> 1;
    const at = Math.floor(started + (index / rows) * SPAN_MS);
    const random = randomBytes(42);
    if (index % 2 === 1) {
      insertRow.run(seq, "main", "outcome", entryId, appId, at, outcome, random.subarray(10));
      return;
    }
    entryId = formatUuidV7(at, random);
    const refs = {
      run_id: formatUuidV7(at - (at % 60_000), seeded(call >> 3)),
      thread_id: `thread-${call >> 5}`,
      tool_call_id: `call_${random.toString("hex", 0, 8)}`,
      grant_id: grantIdAt(call % grants),
      agent: `bench-agent-${call % 50}`,
    };
    insertRow.run(seq, "main", "entry", entryId, appId, at, entryText(appId, refs), random.subarray(10));
    for (const [name, value] of Object.entries(refs)) insertRef.run(appId, name, value, seq);
  });
  db.prepare("UPDATE log_indexed SET seq = ?").run(rows);
}

const OUTCOME = {
  outcome: "provider",
  status: 200,
  code: null,
  latency_ms: 182.417,
  retries: 0,
  redirects: 0,
  request_bytes: 0,
  response_bytes: 872,
  scrubbed: 0,
};

function entryText(appId: string, refs: Readonly<Record<string, string>>): string {
  const { grant_id, agent, ...context } = refs;
  return JSON.stringify({
    kind: "request",
    app_id: appId,
    key_id: "0123456789abcdef",
    caller: { type: "agent", identifier: agent, framework: "langchain" },
    context: { ...context, tool: "list_items" },
    reason: null,
    mode: "proxy",
    grant_id,
    secret_id: "0198c2a4-7b1e-7c3d-9a55-0d6f1e2b3c4d",
    provider: "bench",
    principal_type: "system",
    method: "GET",
    url: `http://127.0.0.1:40000${UPSTREAM_PATH}`,
    body_digest: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    action: "request",
    decision: "allow",
    rule: "base",
    code: null,
    message: null,
  });
}

function seeded(value: number): Uint8Array {
  const bytes = Buffer.alloc(10, 7);
  bytes.writeUInt32BE(value, 6);
  return bytes;
}
