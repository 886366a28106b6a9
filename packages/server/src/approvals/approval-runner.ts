import type { Clock } from "../clock.ts";
import type { ApprovalStore } from "../store/approval-records.ts";
import type { Vault } from "../vault.ts";

/** Makes approved calls, in the background: each begun once, whoever else has heard of it. */
export interface ApprovalRunner {
  start(appId: string, id: string): void;
  /** After a stop or a crash. */
  recover(): Promise<void>;
  /** Waits for those that were begun. */
  close(): Promise<void>;
}

interface RunnerDeps {
  readonly store: Pick<ApprovalStore, "approvedApprovals" | "abandonApprovals">;
  readonly vault: Pick<Vault, "executeApproved">;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

const UNKNOWN = "the vault stopped while it made the call; nobody knows whether it was done";

export function createApprovalRunner({ store, vault, clock, onFailure }: RunnerDeps): ApprovalRunner {
  const underWay = new Set<Promise<void>>();
  const start = (appId: string, id: string): void => {
    const running = vault
      .executeApproved(appId, id)
      .catch(onFailure)
      .finally(() => underWay.delete(running));
    underWay.add(running);
  };
  return {
    start,
    async recover() {
      await store.abandonApprovals(UNKNOWN, clock.now());
      for (const { appId, id } of await store.approvedApprovals()) start(appId, id);
    },
    async close() {
      await Promise.all(underWay);
    },
  };
}
