import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { sealStream } from "../crypto/sealed-stream.ts";
import type { MovedRow } from "../store/moved-rows.ts";
import { KNOWN_STEPS, openSnapshot } from "../store/open-moving.ts";
import { writeHeader } from "./export-header.ts";
import { makeExportKey } from "./export-key.ts";
import { exportVault } from "./export-vault.ts";
import { MovingProblem } from "./moving-problem.ts";
import { around } from "./moving.test-support.ts";
import {
  emptyPlace,
  exported,
  imported,
  newProvider,
  openAt,
  provider,
  root,
  vaultAt,
  type Given,
  type Place,
} from "./places.test-support.ts";

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

  describe.each(["SQLite", "PostgreSQL"] as const)(
    "made by hand, by somebody who gave the passphrase, for %s",
    (kind) => {
      const passphrase = "fake passphrase";
      const table = (name: string): string => JSON.stringify({ table: name, columns: ["id", "name", "created_at"] });

      async function forged(...lines: readonly string[]): Promise<string> {
        const id = around.newId();
        const { key, sealedBy, check } = await makeExportKey(id, { ...around, provider, passphrase });
        const header = writeHeader({
          id,
          made_at: 1,
          program: "fake",
          schema: KNOWN_STEPS,
          sealed_by: sealedBy,
          key_check: check.toString("base64"),
        });
        const packed = Readable.from([gzipSync(lines.map((line) => `${line}\n`).join(""))]);
        const sealed: Buffer[] = [];
        for await (const chunk of sealStream(packed, key, header)) sealed.push(chunk);
        const file = join(root, `forged-${id}.export`);
        writeFileSync(file, Buffer.concat([header, ...sealed]));
        return file;
      }

      test.each([
        ["a table that is SQL, with columns", [table("apps; CREATE TABLE owned (x int)")], "export_newer"],
        [
          "a count that is SQL",
          [table("apps"), '{"end":{"apps; COMMIT; CREATE TABLE owned (x int); SELECT 1 AS n":1}}'],
          "export_damaged",
        ],
        ["a count that breaks out of its quotes", ['{"end":{"apps\\" WHERE 1=1 --":0}}'], "export_damaged"],
        ["a row of no table", ["[]"], "export_damaged"],
        ["a line that is no JSON", ["x"], "export_damaged"],
        ["a line of another kind", ['{"table":1}'], "export_damaged"],
      ])("%s", async (_name, lines, code) => {
        const place = await emptyPlace(kind);
        const error: unknown = await imported(await forged(...lines), place, { passphrase }).catch(
          (thrown: unknown) => thrown,
        );
        // All that is there afterwards is what a new vault makes itself.
        const store = await openAt(place);
        expect(await store.listApps()).toEqual([]);
        await store.close();
        const snapshot = await openSnapshot(place);
        expect(await snapshot.columnsOf("owned")).toEqual([]);
        await snapshot.close();
        expect(error).toMatchObject({ name: "MovingProblem", code });
      });
    },
  );

  test("no export at all", async () => {
    expect(await refused(Buffer.from("SQLite format 3\0"))).toBe("not_an_export");
    expect(await refused(Buffer.alloc(0))).toBe("not_an_export");
  });

  test("another vault's master key", async () => {
    const other = { provider: newProvider("other.key") };
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
    const place = await vaultAt("SQLite", (target) =>
      target.insert("settings", ["name", "value"], [["fake-setting-name", secret]]),
    );
    const { file } = await exported(place);
    const bytes = readFileSync(file);
    for (const plain of ["fake-setting-name", "tool_call_answers", "entry_id", secret.toString("base64")])
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
