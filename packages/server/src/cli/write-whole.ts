import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import type { Cli } from "./cli.ts";

/** Writes beside the file and renames: whoever reads it sees a whole one or the one before. Only its owner may read it. */
export async function writeWhole<T>(
  { random }: Pick<Cli, "random">,
  path: string,
  write: (target: Writable) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(resolve(path)), `.${random(6).toString("hex")}.part`);
  try {
    const written = await write(createWriteStream(temporary, { mode: 0o600, flags: "wx", flush: true }));
    await rename(temporary, path);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
