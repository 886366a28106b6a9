import type { KeyObject } from "node:crypto";
import type { AuditVerification } from "@alter-vault/protocol";
import type { Checkpoint, LogRow, LogStore } from "../store/log-records.ts";
import { hashRow } from "./chain.ts";
import { checkpointHolds } from "./checkpoints.ts";

/**
 * Recomputes every chain from its first row and holds it against the checkpoints. Memory stays flat: rows are read in
 * pages, and of the entries only those that still wait for their outcome are remembered. Trusts nothing but the hashes
 * it computes itself and the public key it is given.
 */
interface VerifyDeps {
  readonly store: LogStore;
  readonly publicKey: KeyObject | null;
  /** Checkpoints kept outside the database. */
  readonly kept: readonly Checkpoint[];
  readonly onProgress?: (rows: number) => void;
}

const PAGE = 2_000;
const MOST_PROBLEMS = 100;
const MOST_UNKNOWN = 1_000;

export async function verifyLog(deps: VerifyDeps): Promise<AuditVerification> {
  const writers = new Set([...(await deps.store.chainWriters()), ...deps.kept.map(({ writer }) => writer)]);
  // What is still running may lack its outcome: that is no finding there.
  const running = await deps.store.runningChains();
  const report = { rows: 0, checkpoints: 0, unknown: [] as string[], unknownTotal: 0 };
  const problems: AuditVerification["problems"] = [];
  const found = (writer: string, seq: number, problem: string): void => {
    if (problems.length < MOST_PROBLEMS) problems.push({ writer, seq, problem });
  };

  for (const writer of writers) {
    const checkpoints = await expectedHashes(deps, writer, found);
    const open = new Map<string, number>();
    let seq = 0;
    let hash: Uint8Array = new Uint8Array(32);
    for (;;) {
      const rows = await deps.store.readChain(writer, seq, PAGE);
      for (const row of rows) {
        if (row.seq !== seq + 1) found(writer, row.seq, `row ${seq + 1} is missing`);
        const expected = hashRow(hash, row.seq, row);
        if (!equal(expected, row.hash)) found(writer, row.seq, "the row or one before it was changed");
        const checkpoint = checkpoints.get(row.seq);
        if (checkpoint) {
          report.checkpoints++;
          checkpoints.delete(row.seq);
          if (!equal(checkpoint, row.hash)) found(writer, row.seq, "the chain is not the one that was signed here");
        }
        followOutcome(row, open, running.get(writer) ?? Infinity);
        seq = row.seq;
        hash = row.hash;
      }
      report.rows += rows.length;
      deps.onProgress?.(report.rows);
      if (rows.length < PAGE) break;
    }
    for (const missing of checkpoints.keys())
      found(writer, missing, "a signed checkpoint points beyond the end: rows were cut off");
    report.unknownTotal += open.size;
    for (const entryId of open.keys()) if (report.unknown.length < MOST_UNKNOWN) report.unknown.push(entryId);
  }
  return {
    ok: problems.length === 0,
    rows: report.rows,
    chains: writers.size,
    checkpoints: report.checkpoints,
    outcome_unknown: report.unknown,
    outcome_unknown_total: report.unknownTotal,
    problems,
  };
}

async function expectedHashes(
  { store, kept, publicKey }: VerifyDeps,
  writer: string,
  found: (writer: string, seq: number, problem: string) => void,
): Promise<Map<number, Uint8Array>> {
  const expected = new Map<number, Uint8Array>();
  const all = [...(await store.listCheckpoints(writer)), ...kept.filter((checkpoint) => checkpoint.writer === writer)];
  for (const checkpoint of all) {
    if (!publicKey || !checkpointHolds(checkpoint, publicKey)) {
      found(writer, checkpoint.seq, "a checkpoint is not signed by this vault");
      continue;
    }
    const other = expected.get(checkpoint.seq);
    if (other && !equal(other, checkpoint.hash)) found(writer, checkpoint.seq, "two signed checkpoints disagree");
    expected.set(checkpoint.seq, checkpoint.hash);
  }
  return expected;
}

function followOutcome(row: LogRow, open: Map<string, number>, runningAfterSeq: number): void {
  if (row.kind === "outcome") open.delete(row.entryId);
  else if (row.seq <= runningAfterSeq && (JSON.parse(row.body) as { decision?: string }).decision === "allow") {
    open.set(row.entryId, row.seq);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
