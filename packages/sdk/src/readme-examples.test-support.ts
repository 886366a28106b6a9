import { readFileSync } from "node:fs";

/**
 * Examples of the README beside a test that are not, word for word, in that test, which compiles and runs them. What comes
 * from elsewhere there (imports, and the vault itself) is left out of the comparison.
 */
export function examplesMissingIn(test: string): string[] {
  const readme = readFileSync(new URL("../README.md", test), "utf8");
  const compiled = withoutLayout(readFileSync(new URL(test), "utf8"));
  return [...readme.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code = ""]) => code.replaceAll(/^(import .*|const vault = new AlterVault.*)$/gm, ""))
    .filter((code) => !compiled.includes(withoutLayout(code)));
}

function withoutLayout(code: string): string {
  return code
    .replaceAll(/\/\/.*$/gm, "")
    .replaceAll(/\s/g, "")
    .replaceAll(/,(?=[)}\]])/g, "");
}
