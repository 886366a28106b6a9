import { randomBytes } from "node:crypto";
import { PassThrough, Writable } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createIds } from "../random.ts";
import type { Cli } from "./cli.ts";
import { createProgram } from "./program.ts";

function fakeCli(): { cli: Cli; printed: () => string } {
  const clock = { now: () => 0, monotonic: () => 0 };
  let text = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const cli: Cli = {
    argv: [],
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    clock,
    random: randomBytes,
    newId: createIds(clock, randomBytes),
    nodeVersion: "26.0.0",
    environment: {},
    onSignal: () => () => undefined,
    processes: { fork: () => expect.unreachable(), linkToPrimary: () => expect.unreachable() },
    openUrl: () => undefined,
    exitNow: () => undefined,
    setExitCode: () => undefined,
  };
  const printed = (): string => {
    const all = text;
    text = "";
    return all;
  };
  return { cli, printed };
}

const { cli, printed } = fakeCli();
const program = createProgram(cli);
const all = walk(program, []);

function walk(command: Command, path: string[]): { path: string; command: Command }[] {
  return [
    { path: path.join(" "), command },
    ...command.commands.flatMap((child) => walk(child, [...path, child.name()])),
  ];
}

test("every command there should be is there", () => {
  const leaves = all.filter(({ command }) => command.commands.length === 0).map(({ path }) => path);
  expect(leaves.toSorted()).toEqual(
    [
      "dev",
      ...["approve", "deny", "list", "show"].map((name) => `approvals ${name}`),
      ...["diff", "edit", "explain", "publish", "resume", "rollback"].map((name) => `policy ${name}`),
      ...["shadow", "show", "stop", "stops", "test", "versions"].map((name) => `policy ${name}`),
      "serve",
      "init",
      "doctor",
      "export",
      "import",
      "openapi",
      ...["list", "create"].map((name) => `apps ${name}`),
      ...["list", "create", "rotate", "deprecate", "revoke"].map((name) => `api-keys ${name}`),
      ...["discover", "add", "list", "show", "update", "remove", "webhook", "scim-token"].map((name) => `idp ${name}`),
      ...["list", "show", "suspend", "resume", "delete", "export", "erase"].map((name) => `users ${name}`),
      "groups list",
      ...["create", "list", "show", "update", "pause", "resume", "revoke"].map((name) => `agents ${name}`),
      ...["list", "create"].map((name) => `agents keys ${name}`),
      ...["list", "revoke"].map((name) => `delegations ${name}`),
      ...["list", "show", "create", "update", "rotate", "delete"].map((name) => `secrets ${name}`),
      ...["list", "show", "create", "update", "revoke", "disconnect", "refresh"].map((name) => `grants ${name}`),
      ...["get", "set"].map((name) => `grants data ${name}`),
      ...["list", "show", "configure", "unconfigure", "lint", "add", "remove"].map((name) => `providers ${name}`),
      ...["link", "device", "settings"].map((name) => `connect ${name}`),
      ...["list", "show", "export", "verify"].map((name) => `audit ${name}`),
      ...["retention show", "retention set"].map((name) => `audit ${name}`),
      ...["hold add", "hold list", "hold release"].map((name) => `audit ${name}`),
      ...["show", "rotate", "forget"].map((name) => `keys ${name}`),
    ].toSorted(),
  );
});

describe("the help of each command", () => {
  test.each(all)("$path", ({ command }) => {
    command.outputHelp();
    const help = printed();
    const [, section = ""] = /\nExamples:\n((?: {2}.+\n)+)/.exec(help) ?? [];
    const examples = section.split("\n").filter((line) => line !== "");
    expect(examples.length, "the help has an example").toBeGreaterThan(0);
    for (const example of examples) checkExample(example);
    expect(command.summary()).toMatch(/^.+$/);
    expect(help).toContain("--json");
  });
});

/** The command of an example exists, and so do its options. */
function checkExample(example: string): void {
  expect(example).toContain("alter-vault ");
  const words = example.slice(example.indexOf("alter-vault ")).split(" > ")[0]?.split(/\s+/).slice(1) ?? [];
  let command = program;
  for (const word of words) {
    const child = command.commands.find((candidate) => [candidate.name(), ...candidate.aliases()].includes(word));
    if (!child) break;
    command = child;
  }
  expect(command.commands, `${example} names a whole command`).toEqual([]);
  const known = [...command.options, ...program.options].map(({ long }) => long);
  for (const flag of words.filter((word) => word.startsWith("--"))) expect(known, example).toContain(flag);
}
