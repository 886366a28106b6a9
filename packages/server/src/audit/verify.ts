import type { KeyObject } from "node:crypto";
import type { AuditVerification } from "@alter-vault/protocol";
import { toTimestamp } from "../clock.ts";
import type { ChainHead, Checkpoint, LogRow, LogStore } from "../store/log-records.ts";
import type { ChainStart } from "../store/retention-records.ts";
import { hashRow } from "./chain.ts";
import { startHolds } from "./chain-start.ts";
import { checkpointHolds } from "./checkpoints.ts";

/**
 * Recomputes every chain from its first row and holds it against the checkpoints. Where retention removed the beginning,
 * what is left must follow from the row that it signed as the last one it removed. Memory stays flat: rows are read in
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
  const starts = await deps.store.chainStarts();
  for (const { writer } of starts) writers.add(writer);
  const report = { rows: 0, checkpoints: 0, unknown: [] as string[], unknownTotal: 0 };
  const problems: AuditVerification["problems"] = [];
  const found: Found = (writer, seq, problem) => {
    if (problems.length < MOST_PROBLEMS) problems.push({ writer, seq, problem });
  };

  for (const writer of writers) {
    const checkpoints = await expectedHashes(deps, writer, found);
    const open = new Map<string, number>();
    const start = startOf(deps, writer, starts, found);
    let { seq, hash }: ChainHead = start ?? { seq: 0, hash: new Uint8Array(32) };
    if (start) passOver(start, checkpoints, found);
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
    removed: removedBy(starts),
    problems,
  };
}

type Found = (writer: string, seq: number, problem: string) => void;

function startOf(
  { publicKey }: VerifyDeps,
  writer: string,
  starts: readonly ChainStart[],
  found: Found,
): ChainStart | null {
  const start = starts.find((one) => one.writer === writer);
  if (!start) return null;
  if (publicKey && startHolds(start, publicKey)) return start;
  found(writer, start.seq, "what was removed before this row was not removed by this vault");
  return null;
}

/** Checkpoints of what was removed: only the one of its last row can still be held against anything. */
function passOver({ writer, seq, hash }: ChainStart, checkpoints: Map<number, Uint8Array>, found: Found): void {
  for (const [at, expected] of checkpoints) {
    if (at > seq) continue;
    checkpoints.delete(at);
    if (at === seq && !equal(expected, hash)) found(writer, seq, "the chain is not the one that was signed here");
  }
}

function removedBy(starts: readonly ChainStart[]): AuditVerification["removed"] {
  if (starts.length === 0) return null;
  return {
    rows: starts.reduce((sum, { seq }) => sum + seq, 0),
    before: toTimestamp(Math.max(...starts.map(({ before }) => before))),
    at: toTimestamp(Math.max(...starts.map(({ at }) => at))),
  };
}

async function expectedHashes(
  { store, kept, publicKey }: VerifyDeps,
  writer: string,
  found: Found,
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
