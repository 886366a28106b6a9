/**
 * Where master keys live. A master key wraps data keys and nothing else, and never leaves its provider. Wrapping binds
 * the id of the data key, so that one wrapped key cannot stand in for another.
 */
export interface KeyProvider {
  readonly name: string;
  /** Newest last; the last one is the active one. */
  masterKeys(): readonly MasterKeyInfo[];
  wrap(dataKey: Uint8Array, dataKeyId: string): Promise<WrappedKey>;
  /** Throws {@link MasterKeyMissing} when the master key is not here, and an Error when the wrap is damaged. */
  unwrap(wrapped: WrappedKey, dataKeyId: string): Promise<Buffer>;
  /** Destroys all that are not in `needed`, but never the active one. Returns how many that were. */
  forget(needed: ReadonlySet<string>): Promise<number>;
  /** Makes a new active master key. Older ones keep unwrapping. */
  rotate(): Promise<MasterKeyInfo>;
}

export interface MasterKeyInfo {
  readonly id: string;
  readonly createdAt: number;
}

export interface WrappedKey {
  readonly masterKeyId: string;
  readonly bytes: Uint8Array;
}

export class MasterKeyMissing extends Error {
  override readonly name = "MasterKeyMissing";
}
