import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath, exit } from "node:process";
import { ROWS, type Row } from "./rows.ts";

/**
 * `npm run test:matrix`: packs every package as it is published, and tries the plugins in projects of their own, with the
 * oldest and the newest version of everything they say they work with. `npm run test:matrix -- ai` runs the rows of one.
 */
const PACKAGES = ["protocol", "providers", "sdk", "server", "testing", "langchain", "ai", "express", "mcp"];
const PNPM = ["--yes", "--prefer-offline", "pnpm@12.21.0"];
const root = new URL("../../", import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), "alter-vault-matrix-"));

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 300_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}\n${stdout}\n${stderr}`);
}

/** The packages as tarballs, by name. */
function pack(): Record<string, string> {
  run(`${root}node_modules/.bin/tsc`, ["-b"], root);
  for (const name of PACKAGES) run("npx", [...PNPM, "pack", "--pack-destination", work], `${root}packages/${name}`);
  const files = readdirSync(work);
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const file = files.find((one) => one.startsWith(`alter-vault-${name}-`));
      if (file === undefined) throw new Error(`${name} was not packed`);
      return [`@alter-vault/${name}`, `file:${join(work, file)}`];
    }),
  );
}

function check(row: Row, index: number, tarballs: Readonly<Record<string, string>>): void {
  const project = join(work, `project-${index}`);
  mkdirSync(project);
  const own = ["sdk", "testing", row.package].map((name) => [`@alter-vault/${name}`, tarballs[`@alter-vault/${name}`]]);
  const dependencies = { ...Object.fromEntries(own), ...row.dependencies, "@types/node": "26.6.6" };
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module", dependencies }),
  );
  // A package's own zod may be another one than the project's.
  const { zod: _zod, ...pinned } = row.dependencies;
  const overrides = Object.entries({ ...tarballs, ...pinned }).map(([name, version]) => `  "${name}": "${version}"`);
  const settings = [
    "nodeVersion: 26.10.0",
    "pmOnFail: ignore",
    "autoInstallPeers: false",
    "strictPeerDependencies: false",
  ];
  writeFileSync(join(project, "pnpm-workspace.yaml"), [...settings, "overrides:", ...overrides, ""].join("\n"));
  run("npx", [...PNPM, "install", "--prefer-offline"], project);
  for (const kind of ["mjs", "types.mts"]) {
    copyFileSync(join(root, "test/matrix/checks", `${row.package}.${kind}`), join(project, `check.${kind}`));
  }
  run(execPath, ["check.mjs"], project);
  if (row.isUntyped === true) return;
  // Of the declarations of others, not all are right.
  const settingsOfTypes = "--noEmit --strict --skipLibCheck --module nodenext --target es2024 --types node";
  run(`${root}node_modules/.bin/tsc`, ["--ignoreConfig", ...settingsOfTypes.split(" "), "check.types.mts"], project);
}

const only = argv.slice(2);
let failed = 0;
try {
  const tarballs = pack();
  for (const [index, row] of ROWS.entries()) {
    if (only.length > 0 && !only.includes(row.package)) continue;
    const name = Object.entries(row.dependencies)
      .map(([dependency, version]) => `${dependency} ${version}`)
      .join(", ");
    try {
      check(row, index, tarballs);
      console.log(`ok      ${row.package}: ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${row.package}: ${name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(failed === 0 ? "every row is fine" : `${failed} rows failed`);
exit(failed === 0 ? 0 : 1);
