/**
 * A value that is often there already, and then comes without a promise: a promise that is resolved costs an allocation
 * and a turn, and a call has many of them. `await` takes both; where it counts, ask with {@link isLater} first.
 */
export type Soon<T> = T | Promise<T>;

export function isLater<T>(value: Soon<T>): value is Promise<T> {
  return value instanceof Promise;
}
