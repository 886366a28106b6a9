import { createSecretKey, type KeyObject } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { NewId, RandomBytes } from "../random.ts";
import { isLater, type Soon } from "../soon.ts";
import type { UserKeyRecord, UserKeyStore } from "../store/user-key-records.ts";
import type { DataKey, Opened, SealContext } from "./envelope.ts";

/**
 * A key for each user: what is sealed for a user is sealed with it, and whoever destroys it has destroyed all of that,
 * wherever copies of it lie. It is stored sealed under the key of the user's app, made when something is first sealed for
 * the user, and read when something of theirs is first opened. It trusts the store to keep no key of a user who was
 * erased, and to take no new one.
 *
 * What comes too late, of a call that was under way while its user was erased, is sealed with a key that nobody keeps.
 */
export interface UserKeys {
  /** The key a user's values are sealed with, no older than `since`; made when there is none. */
  active(appId: string, userId: string, since: number): Soon<DataKey>;
  /** By its id. Undefined: it was destroyed, or never was. */
  find(appId: string, id: string): Soon<KeyObject | undefined>;
  /** From now on this process knows none of the user's keys. */
  forget(appId: string, userId: string): void;
  /** What was read before the last time is forgotten, used or not: so keys that another process destroyed do not stay here. */
  age(): void;
}

interface UserKeysDeps {
  readonly store: UserKeyStore;
  readonly seal: (context: SealContext, plain: Uint8Array) => Promise<Buffer>;
  readonly open: (context: SealContext, sealed: Uint8Array) => Opened;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
}

interface KnownKey extends DataKey {
  readonly appId: string;
  readonly userId: string;
  readonly createdAt: number;
}

/** Bounded: with more users than this at the same time, some keys are read again. */
const MOST = 20_000;

export function createUserKeys({ store, seal, open, clock, random, newId }: UserKeysDeps): UserKeys {
  // Two generations, and the older one is dropped as a whole. Nothing moves to the younger one by being used.
  let young = new Map<string, KnownKey>();
  let old = new Map<string, KnownKey>();
  const making = new Map<string, Promise<KnownKey>>();
  /** How often something was forgotten. What was asked of the store before that is used once, and not kept. */
  let forgotten = 0;

  function age(): void {
    old = young;
    young = new Map();
  }

  function keep(name: string, key: KnownKey): void {
    if (young.size >= MOST) age();
    young.set(name, key);
  }

  const known = (name: string): KnownKey | undefined => young.get(name) ?? old.get(name);

  function read(record: UserKeyRecord): KnownKey | null {
    const opened = open(contextOf(record), record.sealedKey);
    if (!opened.ok) return null;
    const { id, appId, userId, createdAt } = record;
    const key: KnownKey = { id, appId, userId, createdAt, key: createSecretKey(opened.plain), of: "user" };
    opened.plain.fill(0);
    return key;
  }

  /** Another process may make one at the same moment: the one that is stored counts. */
  async function make(appId: string, userId: string, since: number): Promise<KnownKey> {
    const before = forgotten;
    const named = (key: KnownKey): KnownKey => {
      if (forgotten === before) keep(nameOf(appId, userId), key);
      return key;
    };
    const kept = (key: KnownKey): KnownKey => {
      if (forgotten === before) keep(key.id, key);
      return named(key);
    };
    const stored = await store.findActiveUserKey(appId, userId);
    const usable = stored && stored.createdAt >= since ? read(stored) : null;
    if (usable) return kept(usable);
    const bytes = random(32);
    const fresh: KnownKey = {
      id: newId(),
      appId,
      userId,
      createdAt: Math.max(clock.now(), since),
      key: createSecretKey(bytes),
      of: "user",
    };
    const sealedKey = await seal(contextOf(fresh), bytes);
    bytes.fill(0);
    const active = await store.insertUserKey({ ...recordOf(fresh), sealedKey }, stored?.id ?? null);
    if (!active) return named(fresh);
    const counting = active.id === fresh.id ? fresh : read(active);
    if (!counting) throw new Error("the key of a user cannot be opened");
    return kept(counting);
  }

  function makeOnce(name: string, appId: string, userId: string, since: number): Promise<KnownKey> {
    const running = making.get(name) ?? make(appId, userId, since).finally(() => making.delete(name));
    making.set(name, running);
    return running;
  }

  async function look(appId: string, id: string): Promise<KeyObject | undefined> {
    const before = forgotten;
    const record = await store.findUserKey(appId, id);
    const key = record && read(record);
    if (key && forgotten === before) keep(id, key);
    return key?.key;
  }

  return {
    active(appId, userId, since) {
      const name = nameOf(appId, userId);
      const key = known(name);
      return key && key.createdAt >= since ? key : makeOnce(name, appId, userId, since);
    },
    find(appId, id) {
      const key = known(id);
      if (!key) return look(appId, id);
      return key.appId === appId ? key.key : undefined;
    },
    forget(appId, userId) {
      forgotten++;
      for (const generation of [young, old]) {
        for (const [name, key] of generation) {
          if (key.appId === appId && key.userId === userId) generation.delete(name);
        }
      }
    },
    age,
  };
}

/** `then`, at once where that is possible. */
export function once<T, R>(value: Soon<T>, use: (value: T) => R): Soon<R> {
  return isLater(value) ? value.then(use) : use(value);
}

const nameOf = (appId: string, userId: string): string => `${appId} ${userId}`;

function contextOf({ appId, id }: Pick<UserKeyRecord, "appId" | "id">): SealContext {
  return { appId, record: `user_key:${id}`, field: "key" };
}

function recordOf({ id, appId, userId, createdAt }: KnownKey): Omit<UserKeyRecord, "sealedKey"> {
  return { id, appId, userId, createdAt };
}
