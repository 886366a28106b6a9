import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyFile, openKeyFile } from "../crypto/file-key-provider.ts";
import type { KeyProvider } from "../crypto/key-provider.ts";
import { newId } from "../store/contract.test-support.ts";
import { SchemaInTheWay, type MovedRow, type SchemaSteps, type StoreToFill } from "../store/moved-rows.ts";
import { KNOWN_STEPS, openSnapshot, openStoreToFill } from "../store/open-moving.ts";
import { createTestDatabase, type TestDatabase } from "../store/postgres/database.test-support.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { inspectPostgres } from "../store/postgres/inspect.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { exportVault, type Exported } from "./export-vault.ts";
import { importVault, type Imported } from "./import-vault.ts";
import { MovingProblem } from "./moving-problem.ts";
import { around, contentOf, fillEveryTable, vaultIn, writeEntries } from "./moving.test-support.ts";

/** Between real databases of both kinds, with every table filled. */
const root = mkdtempSync(join(tmpdir(), "alter-vault-moving-"));
const databases: TestDatabase[] = [];
let provider: KeyProvider;

beforeAll(() => {
  const path = join(root, "master.key");
  createKeyFile({ ...around, path });
  provider = openKeyFile({ ...around, path });
});
afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(root, { recursive: true, force: true });
});

interface Place {
  readonly databaseUrl: string | null;
  readonly databasePath: string;
}
type Kind = "SQLite" | "PostgreSQL";

async function emptyPlace(kind: Kind): Promise<Place> {
  const databasePath = join(mkdtempSync(join(root, "place-")), "vault.db");
  if (kind === "SQLite") return { databaseUrl: null, databasePath };
  const database = await createTestDatabase();
  databases.push(database);
  return { databaseUrl: database.url, databasePath };
}

const openAt = ({ databaseUrl, databasePath }: Place): Promise<Store> =>
  databaseUrl === null ? Promise.resolve(openSqliteStore(databasePath)) : openPostgresStore({ url: databaseUrl });

/** A small vault that is sound: two apps, an API key that opens, and a log of one chain, or on PostgreSQL of two. */
async function vaultAt(kind: Kind, more?: (target: StoreToFill, appIds: readonly string[]) => Promise<void>) {
  const place = await emptyPlace(kind);
  const target = await openStoreToFill(place, KNOWN_STEPS);
  const store = await target.complete();
  const { appIds } = await vaultIn(store, provider);
  await store.prepareLog(around.clock.now());
  for (const name of kind === "SQLite" ? ["main"] : ["first", "second"]) {
    const { writer, head } = await store.openChain(name);
    const entries = [...appIds, null, ...appIds];
    await writeEntries(store, writer, await writeEntries(store, writer, head, entries), entries);
  }
  await store.insertSetting("s", Buffer.from([0, 255]));
  await more?.(target, appIds);
  await target.keep();
  return place;
}

let files = 0;
async function exported(place: Place, passphrase: string | null = null): Promise<Exported & { file: string }> {
  const file = join(root, `${++files}.export`);
  const snapshot = await openSnapshot(place);
  const done = await exportVault(file, { ...around, snapshot, provider, passphrase });
  await snapshot.close();
  return { ...done, file };
}

interface Given {
  readonly passphrase?: string;
  readonly acceptDamage?: boolean;
  readonly provider?: KeyProvider;
}
const imported = (file: string, place: Place, given: Given = {}): Promise<Imported> =>
  importVault(file, {
    ...around,
    openTarget: (steps) => openStoreToFill(place, steps),
    provider,
    passphrase: null,
    acceptDamage: false,
    ...given,
  });

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

describe("a file that is not as it was written, or not for here", () => {
  let vault: Place;
  let original: Buffer;
  let whole: string;
  beforeAll(async () => {
    // Of several chunks, so that there is something to reorder.
    vault = await vaultAt("SQLite", async (target) => {
      const rows = Array.from({ length: 400 }, (_, n) => [`noise ${n}`, randomBytes(1_000)]);
      await target.insert("settings", ["name", "value"], rows);
    });
    whole = (await exported(vault)).file;
    original = readFileSync(whole);
  });

  /** The import fails with the code, and there is no vault afterwards, nor anything beside it. */
  async function refused(content: Buffer | string, given: Given = {}): Promise<string> {
    const place = await emptyPlace("SQLite");
    const file = join(root, "attacked.export");
    if (typeof content === "string") copyFileSync(content, file);
    else writeFileSync(file, content);
    const error: unknown = await imported(file, place, given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MovingProblem);
    expect(readdirSync(dirname(place.databasePath))).toEqual([]);
    return (error as MovingProblem).code;
  }
  const endOfHeader = (): number => original.indexOf("\n", original.indexOf("\n") + 1) + 1;
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(original);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  };
  function chunks(): Buffer[] {
    const found: Buffer[] = [];
    for (let at = endOfHeader(); at < original.length;) {
      const end = at + 5 + original.readUInt32BE(at + 1);
      found.push(original.subarray(at, end));
      at = end;
    }
    return found;
  }
  const rebuilt = (of: readonly Buffer[]): Buffer => Buffer.concat([original.subarray(0, endOfHeader()), ...of]);

  test("as it was written it is taken", async () => {
    expect(chunks().length).toBeGreaterThan(4);
    expect((await imported(whole, await emptyPlace("SQLite"))).audit.ok).toBe(true);
  });

  test("one bit flipped, wherever", async () => {
    const places = Array.from({ length: 12 }, (_, n) => endOfHeader() + n * Math.floor(original.length / 14));
    for (const at of [...places, original.length - 1])
      expect(["export_damaged", "export_truncated"], `byte ${at}`).toContain(await refused(flipped(at)));
  });

  test("the header changed", async () => {
    const text = original.subarray(0, endOfHeader()).toString();
    const withHeader = (header: string): Buffer =>
      Buffer.concat([Buffer.from(header), original.subarray(endOfHeader())]);
    expect(await refused(withHeader(text.replace(/"made_at":\d/, '"made_at":9')))).toBe("export_damaged");
    expect(await refused(withHeader(text.replace(/"id":"0/, '"id":"1')))).toBe("export_damaged");
    expect(await refused(withHeader(text.replace(/"key_check":"..../, '"key_check":"AAAA')))).toBe("export_damaged");
    expect(await refused(withHeader(text.replace(/"wrapped":"..../, '"wrapped":"AAAA')))).toBe("export_damaged");
    expect(await refused(withHeader(text.replace("export 1", "export 2")))).toBe("export_newer");
    expect(await refused(withHeader(text.replace(/"sqlite":\d+/, '"sqlite":9999')))).toBe("export_newer");
    expect(await refused(withHeader(text.replace(/"id"/, '"di"')))).toBe("export_damaged");
  });

  test("cut off: in a chunk, between two, and before the last", async () => {
    const all = chunks();
    for (const length of [original.length - 1, original.length - 20, endOfHeader() + 3, endOfHeader()])
      expect(await refused(original.subarray(0, length))).toBe("export_truncated");
    expect(await refused(rebuilt(all.slice(0, -1)))).toBe("export_truncated");
    expect(await refused(rebuilt(all.slice(0, 2)))).toBe("export_truncated");
  });

  test("chunks reordered, doubled, left out, from another file, and something behind the end", async () => {
    const [first, second, ...rest] = chunks() as [Buffer, Buffer, ...Buffer[]];
    const { file } = await exported(vault);
    const other = readFileSync(file);
    const start = other.indexOf("\n", other.indexOf("\n") + 1) + 1;
    const foreign = other.subarray(start, start + 5 + other.readUInt32BE(start + 1));
    expect(await refused(rebuilt([second, first, ...rest]))).toBe("export_damaged");
    expect(await refused(rebuilt([first, first, second, ...rest]))).toBe("export_damaged");
    expect(await refused(rebuilt([second, ...rest]))).toBe("export_damaged");
    expect(await refused(rebuilt([foreign, second, ...rest]))).toBe("export_damaged");
    expect(await refused(Buffer.concat([original, Buffer.from("x")]))).toBe("export_damaged");
  });

  test("no export at all", async () => {
    expect(await refused(Buffer.from("SQLite format 3\0"))).toBe("not_an_export");
    expect(await refused(Buffer.alloc(0))).toBe("not_an_export");
  });

  test("another vault's master key", async () => {
    const path = join(root, "other.key");
    createKeyFile({ ...around, path });
    const other = { provider: openKeyFile({ ...around, path }) };
    expect(await refused(whole, other)).toBe("export_wrong_key");
    // A passphrase opens the file, and nothing that is sealed in it.
    const { file } = await exported(vault, "fake passphrase");
    expect(await refused(file, { ...other, passphrase: "fake passphrase" })).toBe("export_wrong_key");
  });

  test("passphrases: the right one opens, another does not, and one that is missing or not needed is told", async () => {
    const { file } = await exported(vault, "fake passphrase \u00e9");
    expect(await refused(file, { passphrase: "fake passphrase e" })).toBe("export_wrong_passphrase");
    expect(await refused(file)).toBe("passphrase_needed");
    expect(await refused(whole, { passphrase: "fake passphrase" })).toBe("passphrase_unneeded");
    // Composed in another way, it is the same.
    const moved = await imported(file, await emptyPlace("SQLite"), { passphrase: "fake passphrase e\u0301" });
    expect(moved.audit.ok).toBe(true);
  });

  test("what is in it cannot be read in the file, and only its owner may", async () => {
    const secret = randomBytes(1_000);
    const place = await vaultAt("SQLite", (target) => target.insert("settings", ["name", "value"], [["s2", secret]]));
    const { file } = await exported(place);
    const bytes = readFileSync(file);
    for (const plain of ["s2", "run-1", "api_keys", secret.toString("base64")])
      expect(bytes.includes(plain)).toBe(false);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("an export by a newer schema, and one that was cut off by a full disk, leave no file", async () => {
    const snapshot = await openSnapshot(vault);
    const file = join(mkdtempSync(join(root, "out-")), "vault.export");
    const deps = { ...around, snapshot, provider, passphrase: null };
    const newer = { ...snapshot, step: { ...snapshot.step, taken: snapshot.step.known + 1 } };
    await expect(exportVault(file, { ...deps, snapshot: newer })).rejects.toMatchObject({ code: "export_newer" });
    const older = { ...snapshot, step: { ...snapshot.step, taken: snapshot.step.known - 1 } };
    await expect(exportVault(file, { ...deps, snapshot: older })).rejects.toMatchObject({ code: "schema_outdated" });
    const nobody = { ...snapshot, count: () => Promise.resolve(0) };
    await expect(exportVault(file, { ...deps, snapshot: nobody })).rejects.toMatchObject({ code: "nothing_to_export" });
    const broken = {
      ...snapshot,
      async *rowsOf(): AsyncGenerator<readonly MovedRow[]> {
        yield [];
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      },
    };
    await expect(exportVault(file, { ...deps, snapshot: broken })).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readdirSync(dirname(file))).toEqual([]);
    await snapshot.close();
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

  test("a database whose schema is there already, and empty, is taken", async () => {
    if (kind === "SQLite") return;
    const place = await emptyPlace(kind);
    await (await openAt(place)).close();
    expect((await imported((await exported(await vaultAt("SQLite"))).file, place)).audit.ok).toBe(true);
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

  test("a schema that is newer than the export is in the way", async () => {
    if (kind === "SQLite") return;
    const place = await emptyPlace(kind);
    await (await openAt(place)).close();
    await expect(openStoreToFill(place, { ...KNOWN_STEPS, postgres: 0 })).rejects.toThrow(SchemaInTheWay);
  });
});

const FIRST_STEPS_THAT_MOVE: SchemaSteps = { sqlite: 8, postgres: 1 };

async function isVault({ databaseUrl, databasePath }: Place): Promise<boolean> {
  if (databaseUrl === null) return existsSync(databasePath);
  return (await inspectPostgres(databaseUrl)).hasApps;
}
