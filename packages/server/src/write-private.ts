import { chmodSync, writeFileSync } from "node:fs";

/** Writes a file that its owner alone may read, also where it was there and others could. */
export function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}
