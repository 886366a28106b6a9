import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { argv, exit } from "node:process";
import { findBoundaryViolations } from "./boundaries.ts";

/**
 * `npm run check`: format, lint, types, unused code, boundaries, and that the packages can be published. Runs all of
 * them, whatever fails, and says at the end how many did. `npm run check -- lint` runs one.
 */
interface Check {
  readonly name: string;
  readonly run: () => boolean;
}

const command =
  (program: string, ...args: string[]) =>
  (): boolean =>
    spawnSync(`node_modules/.bin/${program}`, args, { stdio: "inherit" }).status === 0;

/** publint packs the package, and packs with the package manager it is run by. */
function pnpm(...args: string[]): boolean {
  const all = ["--yes", "--prefer-offline", "pnpm@12.21.0", ...args];
  return spawnSync("npx", all, { stdio: "inherit" }).status === 0;
}

function packageNames(): string[] {
  return readdirSync("packages").filter((name) => existsSync(`packages/${name}/package.json`));
}

const checks: readonly Check[] = [
  { name: "format", run: command("oxfmt", "--check") },
  { name: "lint", run: command("oxlint", "--type-aware", "--quiet") },
  { name: "types", run: command("tsc", "-b") },
  { name: "unused code", run: command("knip") },
  {
    name: "packages",
    run: () => packageNames().every((name) => pnpm("exec", "publint", "--strict", `packages/${name}`)),
  },
  {
    name: "boundaries",
    run() {
      const violations = findBoundaryViolations(".");
      for (const { file, line, reason } of violations) console.error(`${file}:${line} ${reason}`);
      return violations.length === 0;
    },
  },
];

const only = argv.slice(2);
const chosen = only.length === 0 ? checks : checks.filter(({ name }) => only.includes(name));
let failed = 0;
for (const { name, run } of chosen) {
  console.log(`\n# ${name}`);
  const ok = run();
  console.log(ok ? `${name}: ok` : `${name}: FAILED`);
  if (!ok) failed++;
}
console.log(`\nchecks: ${chosen.length - failed} passed, ${failed} failed`);
exit(failed === 0 ? 0 : 1);
