import { PolicyDocument } from "@alter-vault/protocol";
import { isLater, type Soon } from "../soon.ts";
import type { PolicyHead, PolicyStore } from "../store/policy-records.ts";
import { preparePolicy, type PublishedPolicy } from "./published-policy.ts";

/** What counts for an app right now. */
export interface AppPolicy {
  readonly head: PolicyHead;
  /** Null: nothing was published. `broken`: what was published cannot be decided by, which denies. */
  readonly published: PublishedPolicy | "broken" | null;
  readonly shadow: PublishedPolicy | "broken" | null;
}

/**
 * Prepared policies by app. The store is asked for the head at each call, so no decision is made by a version that does
 * not count any more; only what was prepared for a version, which never changes, is kept.
 */
export interface PolicyCache {
  of(appId: string): Soon<AppPolicy>;
}

interface Kept {
  readonly version: number;
  readonly policy: PublishedPolicy | "broken";
}

/** Bounded: with more apps at work than this, some are prepared again. */
const MOST_APPS = 1_000;

export function createPolicyCache(
  store: Pick<PolicyStore, "policyHead" | "findPolicyVersion">,
  onFailure: (error: unknown) => void,
): PolicyCache {
  const published = new Map<string, Kept>();
  const shadows = new Map<string, Kept>();

  async function prepare(kept: Map<string, Kept>, appId: string, version: number): Promise<Kept["policy"]> {
    const record = await store.findPolicyVersion(appId, version);
    const known = kept.get(appId);
    // Somebody else was faster while the store was asked.
    if (known?.version === version) return known.policy;
    let policy: Kept["policy"] = "broken";
    try {
      if (record) policy = preparePolicy(PolicyDocument.parse(JSON.parse(record.document)));
    } catch (error) {
      onFailure(error);
    }
    drop(kept, appId);
    if (kept.size >= MOST_APPS) for (const other of kept.keys()) drop(kept, other);
    kept.set(appId, { version, policy });
    return policy;
  }

  function find(kept: Map<string, Kept>, appId: string, version: number | null): Soon<Kept["policy"] | null> {
    if (version === null) return null;
    const known = kept.get(appId);
    return known?.version === version ? known.policy : prepare(kept, appId, version);
  }

  const ofHead = (appId: string, head: PolicyHead): Soon<AppPolicy> => {
    const now = find(published, appId, head.published);
    const shadow = find(shadows, appId, head.shadow);
    if (!isLater(now) && !isLater(shadow)) return { head, published: now, shadow };
    return Promise.all([now, shadow]).then(([one, other]) => ({ head, published: one, shadow: other }));
  };
  return {
    of(appId) {
      const head = store.policyHead(appId);
      return isLater(head) ? head.then((known) => ofHead(appId, known)) : ofHead(appId, head);
    },
  };
}

function drop(kept: Map<string, Kept>, appId: string): void {
  const known = kept.get(appId);
  kept.delete(appId);
  if (known && known.policy !== "broken") known.policy.cedar.close();
}
