import { readdirSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { FAKE_API_KEY, FAKE_SECRET, GRANT_ID, startFakeVault, type FakeVault } from "./fake-vault.test-support.ts";

let server: FakeVault;

beforeAll(async () => {
  server = await startFakeVault();
});
afterAll(() => server.close());

test("no object, error or message of the SDK shows the key", async () => {
  const lines: string[] = [];
  const vault = new AlterVault({
    apiKey: FAKE_API_KEY,
    baseUrl: server.url,
    caller: "test-agent",
    timeout: 200,
    logger: { warn: (line) => void lines.push(line) },
  });
  const failures = await Promise.all([
    vault.request(GRANT_ID, "GET", "https://api.example.com/", { body: { a: 1 } as unknown as string }).catch(String),
    failure(() => new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: "http://127.0.0.1:1" }).whoami()),
    failure(() => new AlterVault({ apiKey: FAKE_API_KEY, timeout: -1 }).whoami()),
    (server.answer(() => undefined), failure(() => vault.request(GRANT_ID, "GET", "https://api.example.com/"))),
  ]);
  await vault.close();
  const closed = await failure(() => vault.whoami());
  const everything = [
    vault,
    vault.with({ grantId: GRANT_ID }),
    vault.fetch(GRANT_ID),
    vault.aws({ grantId: GRANT_ID }),
    closed,
    ...failures,
  ];
  const shown = everything
    .flatMap((value) => [
      inspect(value, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(value) ?? "",
      String(value),
      value instanceof Error ? (value.stack ?? "") : "",
    ])
    .concat(lines)
    .join("\n");
  expect(failures.length).toBe(4);
  for (const part of [FAKE_API_KEY, FAKE_SECRET, FAKE_SECRET.slice(0, 20)]) expect(shown).not.toContain(part);
  expect(inspect(vault)).toMatch(/^AlterVault \{\s+baseUrl: 'http/);
  expect(JSON.parse(JSON.stringify(vault))).toEqual({
    baseUrl: server.url,
    keyId: FAKE_API_KEY.split("_")[2],
    mode: "proxy",
    caller: { type: "agent", identifier: "test-agent" },
  });
});

test("the key and the derived key do not travel", async () => {
  const seen = inspect(server.seen, { depth: 10, maxStringLength: null });
  expect(server.seen.length).toBeGreaterThan(0);
  expect(seen).not.toContain(FAKE_SECRET);
});

test("the sources import no module of Node", () => {
  const folder = new URL(".", import.meta.url);
  const sources = readdirSync(folder, { encoding: "utf8", recursive: true }).filter(
    (name) => name.endsWith(".ts") && !/\.test(?:-support)?\.ts$/.test(name),
  );
  expect(sources).toContain("index.ts");
  for (const name of sources) {
    // Types are gone when it runs.
    const code = readFileSync(new URL(name, folder), "utf8").replaceAll(/^import type .*$/gm, "");
    expect(code, name).not.toMatch(/(?:from|import)\s*\(?\s*["'](?:node:|fs|http|stream|crypto)/);
  }
});

async function failure(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
