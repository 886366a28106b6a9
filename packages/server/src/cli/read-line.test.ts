import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Cli } from "./cli.ts";
import { confirm, isInteractive, readLine } from "./read-line.ts";

/** A terminal: what is typed goes in, what is shown comes out. */
function terminal(): { cli: Cli; type: (text: string) => void; shown: () => string; raw: boolean[] } {
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  let shown = "";
  stderr.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const cli = { stdin, stderr } as unknown as Cli;
  return { cli, type: (text) => void stdin.write(text), shown: () => shown, raw };
}

const hidden = { hidden: true };

describe("asking for a value", () => {
  test.each([
    ["typed", ["fake-", "value", "\r"], "fake-value"],
    ["pasted with its line break", ["fake-value\n"], "fake-value"],
    ["corrected", ["fake-walue\u007f\u007f\u007f\u007f\u007fvalue\r"], "fake-value"],
    ["with arrow keys", ["fake\u001b[D\u001b[C-value\r"], "fake-value"],
    ["with an emoji taken back", ["a😀\u007fb\r"], "ab"],
    ["empty", ["\r"], ""],
  ])("%s", async (_name, keys, value) => {
    const { cli, type, shown, raw } = terminal();
    const answer = readLine(cli, "Value: ", hidden);
    for (const key of keys) type(key);
    expect(await answer).toBe(value);
    expect(shown()).toBe("Value: \n");
    expect(raw, "the terminal is put back").toEqual([true, false]);
  });

  test.each([
    ["Ctrl-C", "fake\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s cancels", async (_name, keys) => {
    const { cli, type, raw } = terminal();
    const answer = readLine(cli, "Value: ", hidden);
    type(keys);
    await expect(answer).rejects.toMatchObject({ report: { code: "cancelled" }, exitCode: 1 });
    expect(raw).toEqual([true, false]);
  });

  test("the end of the input cancels", async () => {
    const { cli } = terminal();
    const answer = readLine(cli, "Value: ", hidden);
    cli.stdin.push(null);
    await expect(answer).rejects.toMatchObject({ report: { code: "cancelled" } });
  });
});

test.each([
  ["y\r", true],
  ["Yes\r", true],
  ["\r", false],
  ["n\r", false],
  ["yep\r", false],
])("%j is %s", async (keys, yes) => {
  const { cli, type, shown } = terminal();
  const answer = confirm(cli, "Delete it?");
  type(keys);
  expect(await answer).toBe(yes);
  expect(shown()).toBe(`Delete it? [y/N] ${keys.trim()}\n`);
});

test("without a terminal nobody is asked", () => {
  const { cli } = terminal();
  expect(isInteractive(cli)).toBe(true);
  expect(isInteractive({ ...cli, stdin: new PassThrough() })).toBe(false);
  expect(isInteractive({ ...cli, stderr: new PassThrough() })).toBe(false);
});
