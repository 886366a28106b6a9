import type { Clock } from "./clock.ts";
import type { Store } from "./store/store.ts";

/** Something that is done again and again, each time whole. */
export interface Chore {
  readonly everyMs: number;
  /** What the log of the process says when it fails. */
  readonly failure: string;
  run(): Promise<unknown>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A small bite, so that no call waits long behind it; a search takes the rest. */
const INDEX_ROWS = 128;
const KEEP_VAULT_SESSIONS_MS = DAY;
const FORGET_VAULT_SESSIONS_AT_MOST = 1_000;
const FORGET_NONCES_AT_MOST = 10_000;
const FORGET_POLICY_ROWS = 1_000;
/** How long approvals that are over, and results that nobody fetched, are kept. */
const APPROVAL_MEMORY_MS = 7 * DAY;
/** More than the clock skew: by then a replay is refused for its age. */
const NONCE_MEMORY_SECONDS = 90;

interface ChoreDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The chain that this process writes. */
  readonly writer: string;
  readonly checkpoints: { checkpoint(): Promise<unknown> };
  readonly retention: { keep(): Promise<unknown> };
  readonly refresher: { sweep(): Promise<unknown> };
  readonly connect: { forgetEnded(): Promise<unknown> };
  readonly directory: { forgetNotices(): Promise<unknown> };
  readonly toolCalls: { forget(): Promise<unknown> };
}

/** Of every vault. */
export function chores({ store, clock, writer, ...parts }: ChoreDeps): Chore[] {
  const { checkpoints, retention, refresher, connect, directory, toolCalls } = parts;
  const chore = (everyMs: number, failure: string, run: () => Promise<unknown>): Chore => ({ everyMs, failure, run });
  return [
    chore(2 * SECOND, "touching the chain failed", () => store.touchChain(writer)),
    chore(HOUR, "preparing the log failed", () => store.prepareLog(clock.now())),
    chore(MINUTE, "checkpoint failed", () => checkpoints.checkpoint()),
    chore(HOUR, "removing old entries failed", () => retention.keep()),
    chore(SECOND / 4, "indexing failed", () => store.indexLog(INDEX_ROWS)),
    chore(5 * SECOND, "refreshing failed", () => refresher.sweep()),
    chore(MINUTE, "forgetting sessions failed", () => connect.forgetEnded()),
    chore(MINUTE, "forgetting sessions failed", () =>
      store.forgetVaultSessions(clock.now() - KEEP_VAULT_SESSIONS_MS, FORGET_VAULT_SESSIONS_AT_MOST),
    ),
    chore(MINUTE, "forgetting notices failed", () => directory.forgetNotices()),
    chore(SECOND, "forgetting nonces failed", () =>
      store.forgetNonces(Math.floor(clock.now() / 1000) - NONCE_MEMORY_SECONDS, FORGET_NONCES_AT_MOST),
    ),
    chore(MINUTE, "forgetting calls of tools failed", () => toolCalls.forget()),
    chore(MINUTE, "forgetting counters failed", () => store.forgetTakes(clock.now(), FORGET_POLICY_ROWS)),
    chore(MINUTE, "forgetting approvals failed", () =>
      store.forgetApprovals(clock.now() - APPROVAL_MEMORY_MS, FORGET_POLICY_ROWS),
    ),
  ];
}

interface SharedChoreDeps {
  readonly checkVersion: () => Promise<unknown>;
  readonly limits: { sweep(): Promise<unknown> };
  readonly keyring: { refresh(): Promise<unknown> };
  readonly approvalRunner: { recover(): Promise<unknown> };
}

/** Of a vault that shares its store with others. */
export function sharedChores({ checkVersion, limits, keyring, approvalRunner }: SharedChoreDeps): Chore[] {
  return [
    { everyMs: 2 * SECOND, failure: "checking the version failed", run: checkVersion },
    // How long a place may stay taken when the store did not answer as its call ended.
    { everyMs: 5 * SECOND, failure: "freeing places failed", run: () => limits.sweep() },
    { everyMs: SECOND, failure: "refreshing keys failed", run: () => keyring.refresh() },
    // Another server may have stopped between an approval and its call.
    { everyMs: 5 * SECOND, failure: "taking up approvals failed", run: () => approvalRunner.recover() },
  ];
}
