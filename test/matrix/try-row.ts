import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { pnpm, root, run } from "./pack.ts";
import type { Row } from "./rows.ts";

const SETTINGS = [
  "nodeVersion: 26.10.0",
  "pmOnFail: ignore",
  "autoInstallPeers: false",
  "strictPeerDependencies: false",
];

/** A project of its own, with this row's versions of everything: its check runs there, and is type-checked. */
export async function tryRow(row: Row, project: string, tarballs: Readonly<Record<string, string>>): Promise<void> {
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
  writeFileSync(join(project, "pnpm-workspace.yaml"), [...SETTINGS, "overrides:", ...overrides, ""].join("\n"));
  await pnpm(["install", "--prefer-offline"], project);
  for (const kind of ["mjs", "types.mts"]) {
    copyFileSync(join(root, "test/matrix/checks", `${row.package}.${kind}`), join(project, `check.${kind}`));
  }
  await run(execPath, ["check.mjs"], project);
  if (row.isUntyped === true) return;
  // Of the declarations of others, not all are right.
  const settingsOfTypes = "--noEmit --strict --skipLibCheck --module nodenext --target es2024 --types node";
  await run(
    `${root}node_modules/.bin/tsc`,
    ["--ignoreConfig", ...settingsOfTypes.split(" "), "check.types.mts"],
    project,
  );
}
