/**
 * Somebody without a key can make the vault write: every refusal is an entry. So that this cannot fill the disk, refusals
 * of strangers are written at a bounded rate; those in between are counted, and the next entry says how many there were.
 * Pure: time is handed in.
 */
export interface RefusalLimit {
  /** Null: do not write. Otherwise how many refusals were left out since the last one that was written. */
  admit(monotonicMs: number): number | null;
}

export function createRefusalLimit(perSecond = 50, burst = 500): RefusalLimit {
  let tokens = burst;
  let at = 0;
  let leftOut = 0;
  return {
    admit(monotonicMs) {
      tokens = Math.min(burst, tokens + ((monotonicMs - at) / 1000) * perSecond);
      at = monotonicMs;
      if (tokens < 1) {
        leftOut++;
        return null;
      }
      tokens -= 1;
      const suppressed = leftOut;
      leftOut = 0;
      return suppressed;
    },
  };
}
