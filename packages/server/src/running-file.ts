import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "./config.ts";
import { writePrivate } from "./write-private.ts";

/** What a running vault says about itself in its data directory, for commands that look for one. */
const Running = z.object({
  url: z.url(),
  pid: z.number().int(),
  /** With TLS: the certificate, so that whoever may read the directory knows whom to trust there. */
  certificate_sha256: z.string().nullable().default(null),
});

export interface RunningVaultInfo {
  readonly url: string;
  readonly pid: number;
  readonly certificateSha256: string | null;
}

const RUNNING = "running.json";

export function announceRunning({ dataDir, tls }: Config, url: string): void {
  const certificate = tls ? new X509Certificate(tls.cert) : null;
  const running: z.input<typeof Running> = {
    url,
    pid: process.pid,
    certificate_sha256: certificate?.fingerprint256 ?? null,
  };
  writePrivate(join(dataDir, RUNNING), JSON.stringify(running));
}

/** Replicas may share the directory: then the last one to start is in the file, and only that one takes it away. */
export function forgetRunning({ dataDir, databaseUrl }: Config): void {
  if (databaseUrl === null || runningVault(dataDir)?.pid === process.pid) {
    rmSync(join(dataDir, RUNNING), { force: true });
  }
}

/** The vault that says it runs on this directory; it may be gone, so ask it. */
export function runningVault(dataDir: string): RunningVaultInfo | null {
  const path = join(dataDir, RUNNING);
  if (!existsSync(path)) return null;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
  const parsed = Running.safeParse(json);
  if (!parsed.success) return null;
  const { url, pid, certificate_sha256: certificateSha256 } = parsed.data;
  return { url, pid, certificateSha256 };
}
