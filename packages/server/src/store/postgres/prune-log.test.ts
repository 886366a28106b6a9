import { randomBytes } from "node:crypto";
import { formatUuidV7 } from "@alter-vault/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../contract.test-support.ts";
import type { ChainHead } from "../log-records.ts";
import type { HoldRecord } from "../retention-records.ts";
import type { Store } from "../store.ts";
import { openPool, type Database } from "./database.ts";
import { createTestDatabase, type TestDatabase } from "./database.test-support.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { pruneLog } from "./prune-log.ts";

const JANUARY = Date.UTC(2021, 0, 10);
const SPRING = Date.UTC(2021, 2, 1);

let database: TestDatabase;
let store: Store;
let db: Database;
let hold: HoldRecord;
let writer: string;
beforeEach(async () => {
  database = await createTestDatabase();
  store = await openPostgresStore({ url: database.url });
  db = openPool({ url: database.url });
  const appId = newId();
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  await store.prepareLog(JANUARY);
  ({ writer } = await store.openChain(newId()));
  const draft = {
    kind: "entry",
    entryId: formatUuidV7(JANUARY, randomBytes(10)),
    appId,
    at: JANUARY,
    body: "{}",
  } as const;
  const link = ({ seq }: ChainHead): ChainHead => ({ seq: seq + 1, hash: Buffer.from(`row ${seq + 1}`) });
  await store.appendLog(writer, await store.chainHead(writer), [{ draft, nonce: null }], link);
  const open = { releasedBy: null, releasedAt: null };
  const of = { appId, userId: null, since: null, until: null, reason: "case 1", createdBy: "k", createdAt: 5 };
  hold = { id: newId(), ...of, ...open };
});
afterEach(async () => {
  await db.close();
  await store.close();
  await database.drop();
});

const prune = (by: Database): ReturnType<typeof pruneLog> =>
  pruneLog(by, {
    before: SPRING,
    now: SPRING,
    limit: 100,
    sign: (unsigned) => ({ ...unsigned, signature: Buffer.from("signed") }),
  });
const left = async (): Promise<number> => (await store.readChain(writer, 0, 10)).length;

test("what is held while it is about to be removed stays", async () => {
  const late: Database = {
    ...db,
    async transaction(work) {
      await store.insertHold(hold);
      return db.transaction(work);
    },
  };
  expect(await prune(late)).toEqual({ rows: 0, hasMore: false, heldBy: hold.id });
  expect(await left()).toBe(1);
});

test("a hold that comes while it is removed is there only afterwards, and so says nothing that is not true", async () => {
  let inserting: Promise<void> = Promise.resolve();
  let isInserted = false;
  const late: Database = {
    ...db,
    transaction: (work) =>
      db.transaction(async (queries) => {
        const done = await work(queries);
        inserting = store.insertHold(hold).then(() => void (isInserted = true));
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(isInserted).toBe(false);
        return done;
      }),
  };
  expect((await prune(late)).rows).toBe(1);
  await inserting;
  expect(await left()).toBe(0);
});
