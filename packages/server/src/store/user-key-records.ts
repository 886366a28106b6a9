/** A key of one user's own; see `crypto/user-keys.ts`. */
export interface UserKeyRecord {
  readonly id: string;
  readonly appId: string;
  readonly userId: string;
  /** Under the key of the app. */
  readonly sealedKey: Uint8Array;
  readonly createdAt: number;
}

export interface UserKeyStore {
  findUserKey(appId: string, id: string): Promise<UserKeyRecord | null>;
  /** The newest, which is what the user's values are sealed with. */
  findActiveUserKey(appId: string, userId: string): Promise<UserKeyRecord | null>;
  /** Of each of these users who has one: its id, and since when. */
  activeUserKeys(appId: string, userIds: readonly string[]): Promise<ActiveUserKey[]>;
  /**
   * In the place of `replaces`, which stays to open what it sealed; null: of none. Returns the one that is active
   * afterwards, which is another when somebody was faster. Null: the user was erased, and has no keys any more.
   */
  insertUserKey(key: UserKeyRecord, replaces: string | null): Promise<UserKeyRecord | null>;
}

export interface ActiveUserKey {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: number;
}
