import type { Clock } from "../clock.ts";
import type { NewId } from "../random.ts";
import type { ChainHead, LogAppend, LogStore, Nonce } from "../store/log-records.ts";
import { linkRow } from "./chain.ts";
import { writeOutcomeBody, type KnownEntry, type OutcomeBody } from "./entry.ts";

/**
 * The log: what happens is written down before it happens. `record` returns only when the entry is on the disk, and the
 * nonce of the signed request is part of the same write, so that a request can be used once, also across a restart.
 * Everything that waits is written in one commit. When the store cannot write, the answer is `unavailable`, and whoever
 * asked must not go on.
 *
 * Outcomes do not keep anybody waiting: they ride along with the next commit, or go out after a moment.
 */
export interface AuditLog {
  record(entryId: string, body: KnownEntry, nonce: Nonce | null): Promise<Recorded>;
  /** Uses up a nonce of a call that is not worth an entry, as reading a list. */
  consume(nonce: Nonce): Promise<Recorded>;
  outcome(entryId: string, appId: string | null, body: OutcomeBody): void;
  /** Writes all that waits; what the store does not take stays waiting. */
  flush(): Promise<void>;
  close(): Promise<void>;
  readonly newId: NewId;
}

export type Recorded = "recorded" | "replayed" | "unavailable";

interface LogDeps {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly writer: string;
  readonly onCommit?: (rows: number, head: ChainHead) => void;
  readonly onFailure?: (error: unknown) => void;
}

interface Waiting extends LogAppend {
  readonly settle: ((result: Recorded) => void) | null;
}

const MAX_BATCH = 512;
/** A commit costs about as much for many rows as for one, so a busy vault waits a moment for company. */
const A_FEW = 4;
const ENOUGH = 64;
const MAX_TURNS = 3;
const OUTCOME_DELAY_MS = 20;
const OUTCOME_RETRY_MS = 500;
/** While the store fails, this many outcomes are kept for later. The entries they belong to say "unknown" meanwhile. */
const MAX_KEPT_OUTCOMES = 100_000;

export async function openAuditLog({ store, clock, newId, writer, onCommit, onFailure }: LogDeps): Promise<AuditLog> {
  let head = await store.chainHead(writer);
  const entries: Waiting[] = [];
  let outcomes: Waiting[] = [];
  let scheduled = false;
  let committing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let failing = false;

  function schedule(): void {
    if (scheduled || committing) return;
    scheduled = true;
    setImmediate(() => gather(0, 0));
  }

  /** While many are calling, each turn of the event loop brings more to write: all of it shares the commit. */
  function gather(turns: number, before: number): void {
    const growing = entries.length >= A_FEW && entries.length > before;
    if (growing && entries.length < ENOUGH && turns < MAX_TURNS) {
      setImmediate(() => gather(turns + 1, entries.length));
      return;
    }
    scheduled = false;
    void commit();
  }

  function commit(): Promise<void> {
    committing ??= writeBatch().finally(() => {
      committing = null;
      if (entries.length > 0) schedule();
    });
    return committing;
  }

  async function writeBatch(): Promise<void> {
    const batch = entries.splice(0, MAX_BATCH);
    const riding = outcomes.splice(0, MAX_BATCH);
    const all = batch.concat(riding);
    if (all.length === 0) return;
    try {
      const written = await store.appendLog(writer, head, all, linkRow);
      head = written.head;
      failing = false;
      batch.forEach(({ settle }, index) => settle?.(written.results[index] === "replayed" ? "replayed" : "recorded"));
      onCommit?.(all.length, head);
    } catch (error) {
      failing = true;
      onFailure?.(error);
      for (const { settle } of batch) settle?.("unavailable");
      // The commit may have reached the disk before the failure was reported: go on from what is there.
      head = await store.chainHead(writer).catch(() => head);
      if (outcomes.length < MAX_KEPT_OUTCOMES) outcomes = riding.concat(outcomes);
      delayOutcomes(OUTCOME_RETRY_MS);
    }
  }

  function delayOutcomes(ms: number): void {
    // Nothing writes them any more; their entries say "unknown".
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = null;
      schedule();
    }, ms);
  }

  function enqueue(append: LogAppend): Promise<Recorded> {
    if (closed) return Promise.resolve("unavailable");
    return new Promise((settle) => {
      entries.push({ ...append, settle });
      schedule();
    });
  }

  async function flush(): Promise<void> {
    if (committing) await committing;
    while (entries.length > 0 || outcomes.length > 0) {
      await commit();
      if (failing) return;
    }
  }

  return {
    newId,
    record(entryId, body, nonce) {
      const draft = {
        kind: "entry" as const,
        entryId,
        appId: body.app_id ?? null,
        at: clock.now(),
        body: JSON.stringify(body),
      };
      return enqueue({ draft, nonce });
    },
    consume: (nonce) => enqueue({ draft: null, nonce }),
    outcome(entryId, appId, body) {
      const draft = { kind: "outcome" as const, entryId, appId, at: clock.now(), body: writeOutcomeBody(body) };
      outcomes.push({ draft, nonce: null, settle: null });
      if (outcomes.length >= MAX_BATCH) schedule();
      else delayOutcomes(OUTCOME_DELAY_MS);
    },
    flush,
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await flush();
    },
  };
}
