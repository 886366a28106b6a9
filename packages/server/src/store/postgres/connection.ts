import type pg from "pg";

/**
 * What the address of a database says about reaching it. On this machine a connection is plain; over a network it is TLS
 * with the certificate and the name checked, whatever weaker mode libpq would have understood, unless the address says
 * `sslmode=disable` in so many words.
 */
export function connectionSettings(databaseUrl: string): pg.ClientConfig {
  const url = new URL(databaseUrl);
  const mode = url.searchParams.get("sslmode");
  if (mode === null && !isThisMachine(url)) url.searchParams.set("sslmode", "verify-full");
  // The driver checks as strictly as with verify-full in these modes too, and warns that it will not always.
  if (mode === "require" || mode === "verify-ca" || mode === "prefer") url.searchParams.set("sslmode", "verify-full");
  url.searchParams.delete("uselibpqcompat");
  return { connectionString: url.href };
}

/** What is wrong with the address of a database; never the address itself, as there may be a password in it. */
export function databaseUrlProblem(databaseUrl: string | undefined): string | null {
  if (databaseUrl === undefined) return null;
  if (!URL.canParse(databaseUrl)) return "is not a URL; write postgres://user@host:5432/database";
  const url = new URL(databaseUrl);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") return "must begin with postgres://";
  const mode = url.searchParams.get("sslmode");
  if (mode === "no-verify") return "asks for sslmode=no-verify, which trusts anybody; use verify-full with sslrootcert";
  if (mode !== null && !MODES.has(mode)) return `has an unknown sslmode; use ${[...MODES].join(", ")}`;
  if (url.pathname.length < 2) return "names no database";
  return null;
}

const MODES: ReadonlySet<string> = new Set(["disable", "prefer", "require", "verify-ca", "verify-full"]);

function isThisMachine(url: URL): boolean {
  const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
  return (
    host === "" || host.startsWith("/") || host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host)
  );
}
