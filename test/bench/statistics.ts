/** The middle of the values, or the mean of the two middle ones. NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that `share` (0 to 1) of the values do not exceed. NaN when there are none. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  const rank = Math.max(0, Math.ceil(ascending.length * share) - 1);
  return ascending[rank] ?? Number.NaN;
}

/** Whether the last `count` values lie within `spread` of their largest. */
export function isSettled(values: readonly number[], count: number, spread: number): boolean {
  const last = values.slice(-count);
  if (last.length < count) return false;
  const largest = Math.max(...last);
  return (largest - Math.min(...last)) / largest <= spread;
}
