import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { json, run } from "./run-cli.test-support.ts";

const root = mkdtempSync(join(tmpdir(), "alter-vault-moving-cli-"));
const vault = join(root, "vault");
let folders = 0;
beforeAll(async () => {
  expect((await run(["init", "--data", vault])).code).toBe(0);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An empty folder with the master key, and with the operator's if asked. */
function house({ withOperator = false } = {}): string {
  const folder = join(root, `house-${++folders}`);
  mkdirSync(folder, { mode: 0o700 });
  copyFileSync(join(vault, "master.key"), join(folder, "master.key"));
  if (withOperator) copyFileSync(join(vault, "operator.key"), join(folder, "operator.key"));
  return folder;
}

test("export and import say what they did, and what to do next", async () => {
  const file = join(root, "vault.export");
  const out = await run(["export", file, "--data", vault]);
  expect(out).toMatchObject({ code: 0, stderr: "" });
  expect(out.stdout).toMatch(/apps +1\n/);
  expect(out.stdout).toMatch(/sealed with master key [0-9a-f-]+\. That key is not in it/);

  const target = house();
  const into = await run(["import", file, "--data", target]);
  expect(into).toMatchObject({ code: 0, stderr: "" });
  expect(into.stdout).toMatch(/api_keys +1 +1\n/);
  expect(into.stdout).toMatch(/audit log +whole/);
  expect(into.stdout).toMatch(/sealed values +1 of 1 open with the master key/);
  expect(into.stdout).toMatch(/There is no operator's key in .*init --new-operator-key/s);
  expect((await run(["init", "--new-operator-key", "--data", target])).code).toBe(0);
  expect((await run(["api-keys", "list", "--data", target])).stdout.match(/operator/g)).toHaveLength(2);
});

test("the old operator's key works in the new place", async () => {
  const file = join(root, "again.export");
  expect((await run(["backup", file, "--data", vault])).code).toBe(0);
  const target = house({ withOperator: true });
  const into = await run(["restore", file, "--data", target]);
  expect(into.stdout).not.toMatch(/no operator's key/);
  const { answer } = await json<{ keys: { name: string }[] }>(["api-keys", "list", "--data", target]);
  expect(answer.keys.map(({ name }) => name)).toEqual(["operator"]);
});

test("a passphrase comes by stdin or in a file, is long enough, and is asked for again", async () => {
  const file = join(root, "passphrase.export");
  const stdin = "fake passphrase for tests\n";
  const options = ["--passphrase-stdin", "--data", vault];
  expect((await json<{ code: string }>(["export", file, ...options], { stdin: "short\n" })).code).toBe(2);
  const out = await run(["export", file, ...options], { stdin });
  expect(out.stdout).toMatch(/sealed with the passphrase\. The master key is needed as well/);
  const target = house();
  const bare = await json<{ code: string }>(["import", file, "--data", target]);
  expect([bare.code, bare.answer.code]).toEqual([1, "passphrase_needed"]);
  const wrong = await json<{ code: string }>(["import", file, "--data", target, "--passphrase-stdin"], {
    stdin: "another fake passphrase",
  });
  expect([wrong.code, wrong.answer.code]).toEqual([1, "export_wrong_passphrase"]);
  const path = join(root, "passphrase.txt");
  writeFileSync(path, "fake passphrase for tests");
  expect((await run(["import", file, "--data", target, "--passphrase-file", path])).code).toBe(0);
});

test("what cannot be done has a name", async () => {
  const code = async (...args: string[]): Promise<[number, string]> => {
    const { code: exit, answer } = await json<{ code: string }>(args);
    return [exit, answer.code];
  };
  const file = join(root, "named.export");
  expect(await code("export", file, "--data", join(root, "nowhere"))).toEqual([1, "nothing_to_export"]);
  expect(await code("export", file, "--url", "http://127.0.0.1:1")).toEqual([2, "usage"]);
  expect(await code("import", file, "--data", house())).toEqual([2, "usage"]);
  writeFileSync(file, "something else");
  expect(await code("import", file, "--data", house())).toEqual([1, "not_an_export"]);
  expect(await code("export", file, "--data", vault)).toEqual([5, "file_exists"]);
  expect((await run(["export", file, "--data", vault, "--force"])).code).toBe(0);
});

test("what an import left behind that was cut short is no vault, and no place for another", async () => {
  const target = house();
  writeFileSync(join(target, "vault.db.import"), "");
  for (const args of [["init"], ["api-keys", "list"]]) {
    const { code, answer } = await json<{ code: string }>([...args, "--data", target]);
    expect([code, answer.code]).toEqual([1, "import_unfinished"]);
  }
  expect((await run(["doctor", "--data", target])).stdout).toMatch(/fail +database +an import was not finished/);
});
