import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { lintProvider } from "../src/lint-provider.ts";

/** `node scripts/lint.ts data/acme.yaml …`: says what is wrong, and exits 1 when anything is. */
let failed = false;
for (const file of argv.slice(2)) {
  const result = lintProvider(readFileSync(file, "utf8"));
  if (result.ok) continue;
  failed = true;
  for (const { line, path, message, fix, rule } of result.issues) {
    console.error(`${file}${line === undefined ? "" : `:${line}`} ${path} ${message}; ${fix} [${rule}]`);
  }
}
exit(failed ? 1 : 0);
