import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatUuidV7 } from "@alter-vault/protocol";
import pg from "pg";
import type { PruneWish } from "../retention-records.ts";
import { approvalRecord, newId } from "../contract.test-support.ts";
import { storeContract } from "../store.contract.ts";
import type { Wanted } from "../limit-records.ts";
import type { LogAppend, Nonce } from "../log-records.ts";
import type { Store } from "../store.ts";
import { expectBoundToApps } from "./app-binding.test-support.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { openPostgresStore } from "./postgres-store.ts";

let database: TestDatabase;
const sent = new Set<string>();
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const openStore = (): Promise<Store> =>
  openPostgresStore({ url: database.url, onStatement: (sql) => void sent.add(sql) });

storeContract("PostgreSQL", async () => {
  await database.empty();
  let store = await openStore();
  return {
    store,
    async reopen() {
      await store.close();
      store = await openStore();
      return store;
    },
    stored: () => database.stored(),
    close: () => store.close(),
  };
});

/** Replicas: several stores on one database. */
async function withReplicas(count: number, work: (replicas: Store[]) => Promise<void>): Promise<void> {
  await database.empty();
  const replicas = await Promise.all(Array.from({ length: count }, openStore));
  try {
    await work(replicas);
  } finally {
    for (const replica of replicas) await replica.close();
  }
}

const link = (head: { seq: number }) => ({ seq: head.seq + 1, hash: Buffer.from(`row ${head.seq + 1}`) });
const entry = (nonce: Nonce | null = null): LogAppend => ({
  draft: { kind: "entry", entryId: newId(), appId: null, at: 1, body: "{}" },
  nonce,
});

test("a request that reaches two replicas at the same moment is written by one of them", async () => {
  await withReplicas(2, async (replicas) => {
    const chains = await Promise.all(replicas.map((replica) => replica.openChain(newId())));
    for (let round = 0; round < 30; round++) {
      const nonces = ["a", "b", "c"].map((name) => ({ created: 1, keyId: "k", nonce: `${name}${round}` }));
      const written = await Promise.all(
        replicas.map(async (replica, index) => {
          const chain = chains[index];
          if (!chain) throw new Error("no chain");
          const appends = (index === 0 ? nonces : nonces.toReversed()).map((nonce) => entry(nonce));
          const { head, results } = await replica.appendLog(chain.writer, chain.head, appends, link);
          chains[index] = { ...chain, head };
          return results.filter((result) => result === "written").length;
        }),
      );
      expect(written.reduce((sum, n) => sum + n, 0)).toBe(nonces.length);
    }
    const [store] = replicas;
    for (const { writer, head } of chains) expect(await store?.readChain(writer, 0, 1000)).toHaveLength(head.seq);
  });
});

test("each replica has a chain of its own, and goes on with one that was closed", async () => {
  await withReplicas(2, async ([one, other]) => {
    if (!one || !other) throw new Error("no replicas");
    const first = await one.openChain("first");
    const second = await other.openChain("second");
    expect([first.writer, second.writer]).toEqual(["first", "second"]);
    const { head } = await one.appendLog("first", first.head, [entry()], link);
    expect(await other.runningChains()).toEqual(
      new Map([
        ["first", 0],
        ["second", 0],
      ]),
    );
    await one.closeChain("first");
    expect(await other.openChain("third")).toEqual({ writer: "first", head });
    expect(await other.runningChains()).toEqual(
      new Map([
        ["first", 1],
        ["second", 0],
      ]),
    );
    await database.query("UPDATE chains SET seen_at = now() - interval '1 minute' WHERE writer = 'second'");
    expect([...(await one.runningChains()).keys()]).toEqual(["first"]);
    await other.touchChain("second");
    expect([...(await one.runningChains()).keys()].toSorted()).toEqual(["first", "second"]);
  });
});

test("who has lost a chain writes nothing into it that breaks it", async () => {
  await withReplicas(2, async ([one, other]) => {
    if (!one || !other) throw new Error("no replicas");
    const { writer, head } = await one.openChain("shared");
    await one.appendLog(writer, head, [entry()], link);
    // The other still believes in the old end; what it writes goes behind the new one.
    const late = await other.appendLog(writer, head, [entry()], link);
    expect(late.head.seq).toBe(2);
    expect((await one.readChain(writer, 0, 10)).map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

test("a commit whose answer was lost is not made twice", async () => {
  await withReplicas(1, async ([store]) => {
    if (!store) throw new Error("no store");
    const { writer, head } = await store.openChain("w");
    const lost = [entry(), entry()];
    const { head: after } = await store.appendLog(writer, head, lost, link);
    const again = await store.appendLog(writer, head, [...lost, entry()], link);
    expect(again.results).toEqual(["written", "written", "written"]);
    const onceMore = await store.appendLog(writer, again.head, [...lost, entry()], link);
    expect([after.seq, again.head.seq, onceMore.head.seq]).toEqual([2, 3, 4]);
    expect((await store.readChain(writer, 0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });
});

test("two replicas that make an app's first key at the same moment have one active key", async () => {
  await withReplicas(4, async (replicas) => {
    const key = { appId: "app", masterKeyId: "m", wrapped: Buffer.from("fake"), active: true };
    await Promise.all(replicas.map((replica) => replica.insertDataKey({ ...key, id: newId(), createdAt: 1 })));
    const keys = (await replicas[0]?.listDataKeys()) ?? [];
    expect([keys.length, keys.filter(({ active }) => active).length]).toEqual([4, 1]);
    expect(await replicas[0]?.listDataKeys(2)).toEqual([]);
  });
});

test("four replicas and 32 clients get what a rate limit lets through, and no more", async () => {
  await withReplicas(4, async (replicas) => {
    const appId = newId();
    await replicas[0]?.insertApp({ id: appId, name: "limited", createdAt: 1 });
    const take = { ruleId: "calm", key: "grant g", calls: 100, windowMs: 60_000 };
    let passed = 0;
    const client = async (at: number): Promise<void> => {
      const store = replicas[at % replicas.length];
      for (let call = 0; call < 6; call++) {
        const wanted = { callId: newId(), holder: "any", takes: [take], slots: [], nonce: null };
        if ((await store?.takeLimits(appId, wanted, 1_000_000))?.ok) passed++;
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, at) => client(at)));
    expect(passed).toBe(100);
  });
});

test("places among running calls are counted over all replicas, and are free when one is gone", async () => {
  await withReplicas(3, async (replicas) => {
    const appId = newId();
    await replicas[0]?.insertApp({ id: appId, name: "limited", createdAt: 1 });
    const chains = await Promise.all(replicas.map((replica) => replica.openChain(newId())));
    const slots = [{ ruleId: "four", key: "grant g", calls: 4 }];
    const enter = async (at: number): Promise<Wanted | null> => {
      const wanted = { callId: newId(), holder: chains[at]?.writer ?? "", takes: [], slots, nonce: null };
      return (await replicas[at]?.takeLimits(appId, wanted, 1))?.ok ? wanted : null;
    };
    const entered = (await Promise.all(Array.from({ length: 30 }, (_, at) => enter(at % 3)))).flatMap(
      (one) => one ?? [],
    );
    expect(entered).toHaveLength(4);
    for (const wanted of entered) await replicas[0]?.leaveSlots(appId, wanted);

    expect(await Promise.all([enter(0), enter(0), enter(0), enter(1)])).not.toContain(null);
    const writer = chains[0]?.writer ?? "";
    const gone = (seconds: number) =>
      database.query(
        "UPDATE chains SET seen_at = now() - make_interval(secs => $1) WHERE writer = $2",
        seconds,
        writer,
      );
    // Nobody frees what another holds.
    await replicas[2]?.keepSlots(chains[2]?.writer ?? "", []);
    await gone(25);
    expect(await enter(2)).toBeNull();
    await gone(31);
    expect(await Promise.all([enter(2), enter(2), enter(1)])).not.toContain(null);
    expect(await enter(2)).toBeNull();
    // It was only slow: what it makes counts again, until all that there is too much of is over.
    await replicas[0]?.touchChain(writer);
    expect(await enter(1)).toBeNull();
    await gone(31);
    await replicas[1]?.forgetTakes(0, 10);
    const held = () => database.query("SELECT 1 FROM policy_slots WHERE holder = $1", writer);
    expect(await held()).toHaveLength(3);
    await gone(4_000);
    await replicas[1]?.forgetTakes(0, 10);
    expect(await held()).toEqual([]);
  });
});

test("an approved call of a replica that died is given up; of one that lives, it is not", async () => {
  await withReplicas(2, async ([one, other]) => {
    if (!one || !other) throw new Error("no replicas");
    const appId = newId();
    await one.insertApp({ id: appId, name: "approving", createdAt: 1 });
    const { writer } = await one.openChain(newId());
    const id = newId();
    await one.askApproval(approvalRecord(appId, { id }), Buffer.from("fake"));
    const vote = { approver: "key k", decision: "approve" as const, reason: null, ruleIds: ["ask"], at: 1_500 };
    await one.voteApproval(appId, id, vote, () => "approved");
    expect(await one.startApproval(appId, id, writer, 1_600)).toMatchObject({ status: "executing" });
    const gone = (seconds: number) =>
      database.query(
        "UPDATE chains SET seen_at = now() - make_interval(secs => $1) WHERE writer = $2",
        seconds,
        writer,
      );
    await gone(50);
    expect(await other.abandonApprovals("nobody knows", 1_700)).toBe(0);
    await gone(61);
    expect(await other.abandonApprovals("nobody knows", 1_700)).toBe(1);
    expect(await other.findApproval(appId, id)).toMatchObject({ status: "failed", problem: "nobody knows" });
  });
});

test("two calls that count for the same limits in another order do not wait for each other for ever", async () => {
  await withReplicas(2, async (replicas) => {
    const appId = newId();
    await replicas[0]?.insertApp({ id: appId, name: "limited", createdAt: 1 });
    const takes = ["a", "b", "c"].map((ruleId) => ({ ruleId, key: "app", calls: 1_000, windowMs: 60_000 }));
    const rounds = Array.from({ length: 40 }, async (_, at) => {
      const wanted = { callId: newId(), holder: "any", slots: [], nonce: null };
      const store = replicas[at % 2];
      return store?.takeLimits(appId, { ...wanted, takes: at % 2 === 0 ? takes : takes.toReversed() }, 1);
    });
    expect((await Promise.all(rounds)).filter((taken) => taken?.ok)).toHaveLength(40);
    const [row] = await database.query<{ buckets: string }>("SELECT buckets FROM policy_takes WHERE rule_id = 'b'");
    expect(JSON.parse(row?.buckets ?? "{}")).toEqual({ 0: 40 });
  });
});

test("the log is laid down by months, and nothing lands outside of them", async () => {
  await withReplicas(3, async (replicas) => {
    const now = Date.UTC(2031, 10, 30);
    await Promise.all(replicas.map((replica) => replica.prepareLog(now)));
    const parts = await database.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'log'::regclass ORDER BY 1",
    );
    const ours = parts.map(({ name }) => name).filter((name) => !name.startsWith("log_2021"));
    expect(ours).toEqual(["log_2031_11", "log_2031_12", "log_2032_01", "log_rest"]);
    const [store] = replicas;
    const { writer, head } = (await store?.openChain("w")) ?? { writer: "", head: { seq: 0, hash: Buffer.alloc(0) } };
    const at = Date.UTC(2031, 11, 31, 23, 59, 59, 999);
    const appends = [at, at + 1].map((ms): LogAppend => ({
      draft: { kind: "entry", entryId: formatUuidV7(ms, Buffer.alloc(10)), appId: null, at: ms, body: "{}" },
      nonce: null,
    }));
    await store?.appendLog(writer, head, appends, link);
    const rows = await database.query<{ name: string }>(
      "SELECT tableoid::regclass::text AS name FROM log ORDER BY seq",
    );
    expect(rows.map(({ name }) => name)).toEqual(["log_2031_12", "log_2032_01"]);
    await database.query("DROP TABLE log_2031_11, log_2031_12, log_2032_01");
  });
});

const olderThan = (before: number): PruneWish => ({
  before,
  now: before,
  limit: 10,
  sign: (start) => ({ ...start, signature: Buffer.from("s") }),
});

test("a piece of the log is taken away by one replica while all of them write, and none waits for one that reads", async () => {
  await withReplicas(3, async (replicas) => {
    const january = Date.UTC(2021, 0, 10);
    const before = Date.UTC(2021, 1, 1);
    const wish = olderThan(before);
    for (const at of [january, Date.now()]) await replicas[0]?.prepareLog(at);
    const opened = await Promise.all(replicas.map((replica) => replica.openChain(newId())));
    const chains = opened.map(({ writer, head }) => ({ writer, head }));
    const writeOne = async (index: number, ms: number): Promise<void> => {
      const [replica, chain] = [replicas[index], chains[index]];
      if (!replica || !chain) throw new Error("no chain");
      const draft = {
        kind: "entry" as const,
        entryId: formatUuidV7(ms, randomBytes(10)),
        appId: null,
        at: ms,
        body: "{}",
      };
      chain.head = (await replica.appendLog(chain.writer, chain.head, [{ draft, nonce: null }], link)).head;
    };
    for (const index of replicas.keys()) for (let i = 0; i < 5; i++) await writeOne(index, january + i);

    const reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
    await reader.query("BEGIN; SELECT count(*) FROM log");
    const started = performance.now();
    const [held] = await Promise.all([replicas[0]?.pruneLog(wish), writeOne(1, Date.now())]);
    expect(held?.rows).toBe(0);
    expect(performance.now() - started).toBeLessThan(2_000);
    await reader.query("COMMIT");
    await reader.end();

    let isOver = false;
    const writing = replicas.map(async (_replica, index) => {
      for (let i = 0; i < 20 || !isOver; i++) await writeOne(index, Date.now());
    });
    const removed = await Promise.all(replicas.map((replica) => replica.pruneLog(wish)));
    isOver = true;
    await Promise.all(writing);
    expect(removed.reduce((sum, { rows }) => sum + rows, 0)).toBe(15);
    for (const [index, chain] of chains.entries()) {
      const seqs = (await replicas[index]?.readChain(chain.writer, 0, 10_000))?.map(({ seq }) => seq) ?? [];
      expect([seqs[0], seqs.at(-1)]).toEqual([6, chain.head.seq]);
      expect(seqs).toHaveLength(chain.head.seq - 5);
    }
  });
});

test("a hold that is being set while its month is about to go is waited for, and kept to", async () => {
  await withReplicas(1, async ([store]) => {
    if (!store) throw new Error("no replica");
    const january = Date.UTC(2021, 0, 10);
    const before = Date.UTC(2021, 1, 1);
    const wish = olderThan(before);
    await store.prepareLog(january);
    const { writer, head } = await store.openChain(newId());
    const entryId = formatUuidV7(january, randomBytes(10));
    const draft = { kind: "entry" as const, entryId, appId: "app", at: january, body: "{}" };
    await store.appendLog(writer, head, [{ draft, nonce: null }], link);

    const setting = new pg.Client({ connectionString: database.url });
    await setting.connect();
    await setting.query(`BEGIN; INSERT INTO log_holds (id, app_id, reason, created_by, created_at)
      VALUES ('hold', 'app', 'case', 'k', 1)`);
    expect(await store.pruneLog(wish)).toEqual({ rows: 0, hasMore: false, heldBy: null });
    await setting.query("COMMIT");
    await setting.end();
    expect(await store.pruneLog(wish)).toEqual({ rows: 0, hasMore: false, heldBy: "hold" });
    await store.releaseHold("app", "hold", "k", 2);
    expect((await store.pruneLog(wish)).rows).toBe(1);
  });
});

test("no statement of the store can reach across apps", () => expectBoundToApps(database, sent));
