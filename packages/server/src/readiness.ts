import type { ErrorCode, Health } from "@alter-vault/protocol";

/**
 * Whether this process takes calls, and what it tells those who spread calls over several. It serves; then it drains,
 * which is to say that it is not ready any more and takes every call all the same, since whoever sends them may not have
 * noticed; then it stops. A process whose storage now belongs to a newer version takes none, and does not come back.
 */
export interface Readiness {
  health(): Promise<Health>;
  /** Null: calls are taken. */
  refusal(): ErrorCode | null;
  /** Connections are not kept for further calls, so that they move to another process. */
  isLeaving(): boolean;
  drain(): void;
  stop(): void;
  outdated(): void;
}

interface ReadinessDeps {
  readonly version: string;
  /** Rejects when the storage does not answer. */
  readonly askStorage: () => Promise<unknown>;
}

type Phase = "serving" | "draining" | "stopping" | "outdated";

const DETAILS = {
  draining: "stopping soon",
  stopping: "stopping",
  outdated: "the database belongs to a newer version; replace this replica",
} as const;

export function createReadiness({ version, askStorage }: ReadinessDeps): Readiness {
  let phase: Phase = "serving";

  return {
    async health() {
      if (phase !== "serving") return { status: "unavailable", version, detail: DETAILS[phase] };
      try {
        await askStorage();
        return { status: "ok", version };
      } catch {
        return { status: "unavailable", version, detail: "the storage does not answer" };
      }
    },
    refusal() {
      switch (phase) {
        case "serving":
        case "draining":
          return null;
        case "stopping":
          return "shutting_down";
        case "outdated":
          return "storage_unavailable";
      }
    },
    isLeaving: () => phase !== "serving",
    drain() {
      if (phase === "serving") phase = "draining";
    },
    stop() {
      phase = "stopping";
    },
    outdated() {
      if (phase === "serving") phase = "outdated";
    },
  };
}
