import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Every package as it is published, and a way to run what is needed for it. */
const PACKAGES = ["protocol", "providers", "sdk", "server", "testing", "langchain", "ai", "express", "mcp"];

export const root: string = new URL("../../", import.meta.url).pathname;

const running = promisify(execFile);

/** Rejects with all that the program said when it fails. */
export async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await running(program, args, { cwd, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} ended with ${String(code)}\n${stdout ?? ""}\n${stderr ?? ""}`);
  }
}

/** The package manager of this repository, from the registry where it is not there yet. */
export function pnpm(args: readonly string[], cwd: string): Promise<void> {
  return run("npx", ["--yes", "--prefer-offline", "pnpm@12.21.0", ...args], cwd);
}

/** The packages as tarballs in this folder, by name. What is packed was compiled before. */
export async function pack(into: string): Promise<Record<string, string>> {
  await run(`${root}node_modules/.bin/tsc`, ["-b"], root);
  for (const name of PACKAGES) await pnpm(["pack", "--pack-destination", into], `${root}packages/${name}`);
  const files = readdirSync(into);
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const file = files.find((one) => one.startsWith(`alter-vault-${name}-`));
      if (file === undefined) throw new Error(`${name} was not packed`);
      return [`@alter-vault/${name}`, `file:${join(into, file)}`];
    }),
  );
}
