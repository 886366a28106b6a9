import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Set<string>();

/** A new folder, on a disk where possible: a temporary directory in memory would make every commit free. */
export function makeWorkDir(parent: string | null): string {
  const within = parent ?? (isWritable("/var/tmp") ? "/var/tmp" : tmpdir());
  mkdirSync(within, { recursive: true });
  const dir = mkdtempSync(join(within, "alter-vault-bench-"));
  made.add(dir);
  return dir;
}

export function removeWorkDirs(): void {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
  made.clear();
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
