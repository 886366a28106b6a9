import { createSecretKey, type KeyObject } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { NewId, RandomBytes } from "../random.ts";
import type {
  DataKeyRecord,
  DataKeyStore,
  SealedChange,
  SealedRecord,
  SealedRecordStore,
  Store,
} from "../store/store.ts";
import { keyOf, open, seal, sealedWith, type DataKey, type Opened, type SealContext } from "./envelope.ts";
import type { KeyProvider } from "./key-provider.ts";
import { createUserKeys, once } from "./user-keys.ts";
import type { Soon } from "../soon.ts";
import type { UserKeyStore } from "../store/user-key-records.ts";

/**
 * The keys that seal what is stored. One data key per app (and one for the vault itself), wrapped by a master key that
 * lives in a key provider. Data keys are unwrapped at start and held in memory: no call pays for unwrapping, and no
 * provider is asked per request. What is sealed for a user is under a key of the user's own, which is sealed under that of
 * the app (see `user-keys.ts`). It trusts its provider and nothing that comes out of the database: whatever was tampered
 * with does not open.
 *
 * Where storage is shared, another process may make keys and seal with them at any moment. The store shows every sealed
 * value before it hands it out, and a key that is not known yet is fetched then.
 */
export interface Keyring {
  /** What is the app's own. */
  seal(context: SealContext, plain: Uint8Array): Promise<Buffer>;
  open(context: SealContext, sealed: Uint8Array): Opened;
  /** What may be a user's. */
  sealOwned(context: OwnedContext, plain: Uint8Array): Soon<Buffer>;
  /** `unknown_key` also when it was destroyed. */
  openOwned(context: SealContext, sealed: Uint8Array): Soon<Opened>;
  /** From now on this process knows no key of a user whose keys were destroyed. */
  forgetUser(appId: string, userId: string): void;
  /** New master key, new data keys, every record sealed again. Calls go on meanwhile; a crash resumes where it was. */
  rotate(): Promise<void>;
  /**
   * Destroys master and data keys that were replaced before this moment, and a minute ago at the least, and that nothing
   * needs any more. Copies of the database from before that cannot be opened by anybody afterwards. Returns how many.
   */
  forgetReplaced(before: number): Promise<{ readonly masterKeys: number; readonly dataKeys: number }>;
  /** Seals again whatever is not under the active data key of its app. Returns how many records that were. */
  reseal(): Promise<number>;
  /** Takes note of keys that other processes made: from then on the newest are used here too. Call it every second. */
  refresh(): Promise<void>;
  state(): Promise<KeyringReport>;
}

/** Null: of no user, so the app's. */
export interface OwnedContext extends SealContext {
  readonly userId: string | null;
}

export interface KeyringReport {
  readonly provider: string;
  readonly masterKeys: readonly { id: string; createdAt: number; active: boolean }[];
  readonly dataKeys: number;
  readonly sealedRecords: number;
  readonly staleRecords: number;
}

interface KeyringDeps {
  readonly store: DataKeyStore & UserKeyStore & SealedRecordStore & Pick<Store, "isShared">;
  readonly provider: KeyProvider;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
}

const RESEAL_BATCH = 50;
/** By then no process uses a key any more that was replaced. */
const SETTLED_MS = 60_000;
const OTHERS_KNOW_AFTER_MS = 2_000;
/** How far the clocks of processes may be apart, and then some. */
const LOOK_BACK_MS = 3_600_000;
const MOST_NOWHERE = 1_000;
/** Keys of users stay in memory for twice as long at the most, and are then read again. */
const AGE_USER_KEYS_EVERY_MS = 150_000;

interface AppKey extends DataKey {
  readonly createdAt: number;
}

export async function openKeyring({ store, provider, clock, random, newId }: KeyringDeps): Promise<Keyring> {
  const byId = new Map<string, KeyObject>();
  const activeOf = new Map<string, AppKey>();
  const creating = new Map<string, Promise<AppKey>>();

  const nowhere = new Set<string>();
  let learning: Promise<void> = Promise.resolve();

  async function load(createdSince?: number): Promise<void> {
    for (const record of await store.listDataKeys(createdSince)) {
      const key = byId.get(record.id) ?? (await unwrap(record));
      byId.set(record.id, key);
      if (record.active) activeOf.set(record.appId, { id: record.id, key, of: "app", createdAt: record.createdAt });
    }
  }

  async function unwrap({ id, masterKeyId, wrapped }: DataKeyRecord): Promise<KeyObject> {
    const bytes = await provider.unwrap({ masterKeyId, bytes: wrapped }, id);
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  }

  /** The key was stored before what is sealed with it, so whoever sees the one finds the other. */
  function learn(sealed: Uint8Array): Promise<void> | undefined {
    const id = keyOf(sealed, "app");
    if (id === null || byId.has(id) || nowhere.has(id)) return undefined;
    learning = learning.then(async () => {
      if (byId.has(id)) return;
      await load();
      if (byId.has(id)) return;
      // Somebody wrote a value into the database that no key of ours sealed: it does not open, and is not looked for again.
      if (nowhere.size >= MOST_NOWHERE) nowhere.clear();
      nowhere.add(id);
    });
    const learned = learning;
    learning = learned.catch(() => undefined);
    return learned;
  }

  await load();
  store.onSealed(learn);

  async function addDataKey(appId: string): Promise<AppKey> {
    const bytes = random(32);
    const id = newId();
    const { masterKeyId, bytes: wrapped } = await provider.wrap(bytes, id);
    const createdAt = clock.now();
    await store.insertDataKey({ id, appId, masterKeyId, wrapped, active: true, createdAt });
    const dataKey: AppKey = { id, key: createSecretKey(bytes), of: "app", createdAt };
    bytes.fill(0);
    byId.set(id, dataKey.key);
    activeOf.set(appId, dataKey);
    return dataKey;
  }

  async function activeKey(appId: string): Promise<AppKey> {
    const existing = activeOf.get(appId);
    if (existing) return existing;
    const running = creating.get(appId) ?? firstKey(appId).finally(() => creating.delete(appId));
    creating.set(appId, running);
    return running;
  }

  /** Another process may have made it already. */
  async function firstKey(appId: string): Promise<AppKey> {
    if (store.isShared) await load();
    return activeOf.get(appId) ?? addDataKey(appId);
  }

  const sealForApp = async (context: SealContext, plain: Uint8Array): Promise<Buffer> =>
    seal(await activeKey(context.appId), plain, context, random);
  const openForApp = (context: SealContext, sealed: Uint8Array): Opened => {
    if (keyOf(sealed, "user") !== null) return { ok: false, reason: "unknown_key" };
    return open((id) => byId.get(id), sealed, context);
  };
  const userKeys = createUserKeys({ store, seal: sealForApp, open: openForApp, clock, random, newId });
  let agedAt = clock.monotonic();

  function openOwned(context: SealContext, sealed: Uint8Array): Soon<Opened> {
    const id = keyOf(sealed, "user");
    if (id === null) return openForApp(context, sealed);
    return once(userKeys.find(context.appId, id), (key) => open(() => key, sealed, context));
  }

  /** A user's key is no older than that of the app: both are made anew by a rotation. */
  function keyFor({ appId, userId }: OwnedContext): Soon<DataKey> {
    const ofUser = (ofApp: AppKey): Soon<DataKey> =>
      userId === null ? ofApp : userKeys.active(appId, userId, ofApp.createdAt);
    const known = activeOf.get(appId);
    return known ? ofUser(known) : activeKey(appId).then(ofUser);
  }

  async function rewrapAll(): Promise<void> {
    for (const record of await store.listDataKeys()) {
      const bytes = await provider.unwrap({ masterKeyId: record.masterKeyId, bytes: record.wrapped }, record.id);
      const { masterKeyId, bytes: wrapped } = await provider.wrap(bytes, record.id);
      bytes.fill(0);
      await store.rewrapDataKey(record.id, masterKeyId, wrapped);
    }
  }

  /** Of the users in these records: the keys they have now, and since when. */
  async function currentUserKeys(records: readonly SealedRecord[]): Promise<Map<string, number>> {
    const users = new Map<string, Set<string>>();
    for (const { context } of records) {
      if (context.userId === null) continue;
      const ofApp = users.get(context.appId) ?? new Set();
      users.set(context.appId, ofApp.add(context.userId));
    }
    const current = new Map<string, number>();
    for (const [appId, ids] of users) {
      for (const { id, createdAt } of await store.activeUserKeys(appId, [...ids])) current.set(id, createdAt);
    }
    return current;
  }

  async function reseal(): Promise<number> {
    let count = 0;
    let after: string | null = "";
    while (after !== null) {
      const { records, next } = await store.sealedRecords(after, RESEAL_BATCH);
      const changes: SealedChange[] = [];
      const current = await currentUserKeys(records);
      for (const { context, sealed } of records) {
        const ofApp = await activeKey(context.appId);
        const used = sealedWith(sealed);
        if (context.userId === null ? used === ofApp.id : (current.get(used) ?? -1) >= ofApp.createdAt) continue;
        const opened = await openOwned(context, sealed);
        if (!opened.ok) continue;
        const after = seal(await keyFor(context), opened.plain, context, random);
        changes.push({ context, before: sealed, after });
        opened.plain.fill(0);
      }
      if (changes.length > 0) count += await store.replaceSealed(changes);
      after = next;
      // Calls come first: with an embedded store nothing above lets go of the thread.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return count;
  }

  /** Keys of the vault itself stay: what they seal is not sealed again. */
  async function unusedDataKeys(before: number): Promise<DataKeyRecord[]> {
    const { byKey } = await store.countSealed();
    const all = await store.listDataKeys();
    return all.filter(({ id, appId, active, createdAt }) => {
      if (active || appId === "" || byKey.has(id)) return false;
      const next = all.filter((other) => other.appId === appId && other.createdAt > createdAt);
      return next.length > 0 && Math.min(...next.map((other) => other.createdAt)) < before;
    });
  }

  async function forgetReplaced(wanted: number): Promise<{ masterKeys: number; dataKeys: number }> {
    const before = Math.min(wanted, clock.now() - SETTLED_MS);
    await reseal();
    let dataKeys = 0;
    for (const { id } of await unusedDataKeys(before)) {
      if (!(await store.deleteDataKey(id))) continue;
      byId.delete(id);
      dataKeys++;
    }
    const needed = new Set((await store.listDataKeys()).map(({ masterKeyId }) => masterKeyId));
    provider.masterKeys().forEach(({ id }, index, keys) => {
      const next = keys[index + 1];
      if (!next || next.createdAt >= before) needed.add(id);
    });
    return { masterKeys: await provider.forget(needed), dataKeys };
  }

  return {
    seal: sealForApp,
    open: openForApp,
    sealOwned: (context, plain) => once(keyFor(context), (key) => seal(key, plain, context, random)),
    openOwned,
    forgetUser: (appId, userId) => userKeys.forget(appId, userId),
    reseal,
    forgetReplaced,
    async rotate() {
      await provider.rotate();
      await rewrapAll();
      for (const appId of activeOf.keys()) await addDataKey(appId);
      // Until they have refreshed, others seal with the keys of before.
      if (store.isShared) await new Promise((resolve) => setTimeout(resolve, OTHERS_KNOW_AFTER_MS));
      await reseal();
    },
    refresh() {
      if (clock.monotonic() - agedAt > AGE_USER_KEYS_EVERY_MS) {
        agedAt = clock.monotonic();
        userKeys.age();
      }
      return load(clock.now() - LOOK_BACK_MS);
    },
    async state() {
      const keys = provider.masterKeys();
      const { total, byKey, staleUserKeys } = await store.countSealed();
      const active = new Set([...activeOf.values()].map(({ id }) => id));
      let stale = staleUserKeys;
      for (const [id, count] of byKey) if (!active.has(id)) stale += count;
      return {
        provider: provider.name,
        masterKeys: keys.map((key, index) => ({ ...key, active: index === keys.length - 1 })),
        dataKeys: byId.size,
        sealedRecords: total,
        staleRecords: stale,
      };
    },
  };
}
