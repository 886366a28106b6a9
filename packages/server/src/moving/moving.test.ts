import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { newId } from "../store/contract.test-support.ts";
import { SchemaInTheWay, type SchemaSteps, type StoreToFill } from "../store/moved-rows.ts";
import { LOG_COLUMNS } from "../store/moved-tables.ts";
import { KNOWN_STEPS, openSnapshot, openStoreToFill } from "../store/open-moving.ts";
import { inspectPostgres } from "../store/postgres/inspect.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { importVault } from "./import-vault.ts";
import { around, contentOf, fillEveryTable, vaultIn, writeEntries } from "./moving.test-support.ts";
import { emptyPlace, exported, imported, openAt, provider, vaultAt, type Place } from "./places.test-support.ts";

describe.each([
  ["SQLite", "PostgreSQL"],
  ["PostgreSQL", "SQLite"],
  ["SQLite", "SQLite"],
  ["PostgreSQL", "PostgreSQL"],
] as const)("%s to %s", (from, to) => {
  test("and back: every row of every table is the same", { timeout: 60_000 }, async () => {
    const first = await vaultAt(from, fillEveryTable);
    const second = await emptyPlace(to);
    const third = await emptyPlace(from);
    const out = await exported(first);
    const moved = await imported(out.file, second, { acceptDamage: true });
    expect(Object.fromEntries(moved.tables.map((counted) => [counted.table, counted.imported]))).toEqual(out.counts);
    expect(Math.min(...Object.values({ ...out.counts, checkpoints: 1 }))).toBeGreaterThan(0);
    await imported((await exported(second)).file, third, { acceptDamage: true });
    const before = await contentOf(await openSnapshot(first));
    for (const place of [second, third]) expect(await contentOf(await openSnapshot(place))).toEqual(before);
  });

  test("the log verifies, is found, and goes on in a chain of its own", async () => {
    const chains = from === "SQLite" ? 1 : 2;
    const place = await emptyPlace(to);
    const { audit, sealed } = await imported((await exported(await vaultAt(from))).file, place);
    expect(audit).toMatchObject({ ok: true, chains, rows: 20 * chains, outcome_unknown_total: 0 });
    expect(sealed.opened).toBe(sealed.total);

    // Whoever removes the oldest rows later removes the beginning of each chain.
    const snapshot = await openSnapshot(place);
    const seen = new Map<string, number>();
    for await (const some of snapshot.rowsOf("log", LOG_COLUMNS))
      for (const [writer, seq] of some as [string, number][]) {
        expect(seq).toBe((seen.get(writer) ?? 0) + 1);
        seen.set(writer, seq);
      }
    await snapshot.close();

    const store = await openAt(place);
    const [app] = await store.listApps();
    const filter = { refs: { run_id: "run-1" }, since: null, until: null };
    const page = { from: null, order: "oldest", limit: 100 } as const;
    const found = await store.listEntries(app?.id ?? "", filter, page);
    expect(found).toHaveLength(4 * chains);
    const ids = found.map(({ entry }) => entry.entryId);
    expect(ids).toEqual(ids.toSorted());
    expect(found.every(({ outcome }) => outcome !== null)).toBe(true);

    const old = await store.chainWriters();
    const { writer, head } = await store.openChain("fresh");
    expect([writer, head.seq]).toEqual(["fresh", 0]);
    expect([...(await store.runningChains()).keys()]).toEqual(["fresh"]);
    await store.prepareLog(around.clock.now());
    await writeEntries(store, writer, head, [app?.id ?? null]);
    expect((await store.chainWriters()).toSorted()).toEqual([...old, "fresh"].toSorted());
    await store.close();
  });
});
describe.each(["SQLite", "PostgreSQL"] as const)("into %s", (kind) => {
  test("an export is of one moment, whatever is written meanwhile", async () => {
    const place = await vaultAt(kind);
    const snapshot = await openSnapshot(place);
    const before = await contentOf(await openSnapshot(place));
    const store = await openAt(place);
    await store.insertApp({ id: newId(), name: "later", createdAt: 1 });
    const { writer, head } = await store.openChain("later");
    await writeEntries(store, writer, head, [null]);
    expect(await contentOf(snapshot)).toEqual(before);
    await store.close();
    expect((await contentOf(await openSnapshot(place)))["apps"]).toHaveLength(3);
  });

  test("what is not empty is not touched", async () => {
    const { file } = await exported(await vaultAt("SQLite"));
    const place = await vaultAt(kind);
    const before = await contentOf(await openSnapshot(place));
    await expect(imported(file, place)).rejects.toMatchObject({ code: "target_not_empty" });
    expect(await contentOf(await openSnapshot(place))).toEqual(before);
  });

  test(
    "a filling that fails anywhere leaves an empty place, which the next one can use",
    { timeout: 60_000 },
    async () => {
      const vault = await vaultAt("SQLite", fillEveryTable);
      const { file } = await exported(vault);
      const place = await emptyPlace(kind);
      const failAt = async (n: number): Promise<boolean> => {
        let calls = 0;
        const openTarget = async (steps: SchemaSteps): Promise<StoreToFill> => {
          const target = await openStoreToFill(place, steps);
          const orFail = <R>(work: () => Promise<R>): Promise<R> =>
            calls++ === n ? Promise.reject(new Error("disk full")) : work();
          return {
            ...target,
            insert: (...given) => orFail(() => target.insert(...given)),
            complete: () => orFail(() => target.complete()),
            keep: () => orFail(() => target.keep()),
          };
        };
        const deps = { ...around, openTarget, provider, passphrase: null, acceptDamage: true };
        return importVault(file, deps).then(
          () => false,
          () => true,
        );
      };
      let n = 0;
      for (; await failAt(n); n += 5) expect(await isVault(place)).toBe(false);
      expect(n).toBeGreaterThan(30);
      expect(await contentOf(await openSnapshot(place))).toEqual(await contentOf(await openSnapshot(vault)));
    },
  );

  test("a log that is not whole is refused, unless it is accepted", async () => {
    const vault = await vaultAt("SQLite");
    const db = openDatabase(vault.databasePath);
    db.run("UPDATE log SET body = '{}' WHERE seq = 3");
    db.close();
    const { file } = await exported(vault);
    const place = await emptyPlace(kind);
    await expect(imported(file, place)).rejects.toMatchObject({ code: "import_not_verified" });
    expect(await isVault(place)).toBe(false);
    expect((await imported(file, place, { acceptDamage: true })).audit.ok).toBe(false);
  });

  test("a value that does not open is refused, unless it is accepted", async () => {
    const vault = await vaultAt("SQLite", (target, [appId]) =>
      target.insert("approval_calls", ["id", "app_id", "sealed"], [["a", appId ?? "", randomBytes(60)]]),
    );
    const { file } = await exported(vault);
    const place = await emptyPlace(kind);
    await expect(imported(file, place)).rejects.toThrow(/approval_call:a/);
    expect(await isVault(place)).toBe(false);
    expect((await imported(file, place, { acceptDamage: true })).sealed).toEqual({ total: 1, opened: 0 });
  });

  test("what an older program exported is brought up to date", async () => {
    const place = await emptyPlace(kind);
    const target = await openStoreToFill(place, FIRST_STEPS_THAT_MOVE);
    const { appIds } = await vaultIn(await target.complete(), provider);
    await target.keep();
    const snapshot = await openSnapshot(place);
    expect(snapshot.step.taken).toBe(snapshot.step.known);
    await snapshot.close();
    const store = await openAt(place);
    expect((await store.listApps()).map(({ id }) => id)).toEqual(appIds);
    await store.close();
  });
});

describe("into PostgreSQL, whose schema others may make", () => {
  test("whoever starts a vault meanwhile waits, and finds all of it", async () => {
    const place = await emptyPlace("PostgreSQL");
    const target = await openStoreToFill(place, KNOWN_STEPS);
    const { appIds } = await vaultIn(await target.complete(), provider);
    let isOpen = false;
    const opening = openAt(place).then((store) => {
      isOpen = true;
      return store;
    });
    await sleep(300);
    expect(isOpen).toBe(false);
    await target.keep();
    const store = await opening;
    expect((await store.listApps()).map(({ id }) => id)).toEqual(appIds);
    await store.close();
  });

  test("a database whose schema is there already, and empty, is taken", async () => {
    const place = await emptyPlace("PostgreSQL");
    await (await openAt(place)).close();
    expect((await imported((await exported(await vaultAt("SQLite"))).file, place)).audit.ok).toBe(true);
  });

  test("a schema that is newer than the export is in the way", async () => {
    const place = await emptyPlace("PostgreSQL");
    await (await openAt(place)).close();
    await expect(openStoreToFill(place, { ...KNOWN_STEPS, postgres: 0 })).rejects.toThrow(SchemaInTheWay);
  });
});

const FIRST_STEPS_THAT_MOVE: SchemaSteps = { sqlite: 8, postgres: 1 };

async function isVault({ databaseUrl, databasePath }: Place): Promise<boolean> {
  if (databaseUrl === null) return existsSync(databasePath);
  return (await inspectPostgres(databaseUrl)).hasApps;
}
