import { createPrivateKey, X509Certificate } from "node:crypto";
import { ConfigError, loadConfig, type Config } from "../config.ts";
import type { Cli } from "./cli.ts";
import type { GlobalOptions } from "./describe-command.ts";
import { dataOverride } from "./open-vault.ts";

/** One finding of `doctor`. `fix` says what to do, where there is something to do. */
export interface Finding {
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  readonly fix?: string;
}

export interface Check extends Finding {
  readonly name: string;
}

export function ok(name: string, message: string): Check {
  return { name, state: "ok", message };
}

export function warn(name: string, message: string, fix: string): Check {
  return { name, state: "warn", message, fix };
}

export function fail(name: string, message: string, fix: string): Check {
  return { name, state: "fail", message, fix };
}

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return ok("node", version);
  return fail("node", `${version} is too old`, "Install Node 22.19 or newer.");
}

/** The settings as `serve` would read them. */
export function checkSettings(cli: Cli, globals: GlobalOptions): Check[] {
  try {
    const config = loadConfig("serve", dataOverride(globals), cli.environment);
    return [ok("settings", `would listen on ${config.host}, port ${config.port}`), checkTls(config, cli.clock.now())];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => fail("settings", problem, "Correct the variable that is named."));
  }
}

const DAY_MS = 86_400_000;

function checkTls({ tls, behindTlsProxy }: Config, nowMs: number): Check {
  if (!tls) {
    return ok(
      "tls",
      behindTlsProxy ? "a proxy in front ends TLS (ALTER_VAULT_BEHIND_TLS_PROXY)" : "none is needed on loopback",
    );
  }
  try {
    const certificate = new X509Certificate(tls.cert);
    const days = Math.floor((Date.parse(certificate.validTo) - nowMs) / DAY_MS);
    if (!certificate.checkPrivateKey(createPrivateKey(tls.key))) {
      return fail(
        "tls",
        "the private key is not the one of the certificate",
        "Set ALTER_VAULT_TLS_KEY_FILE to the key of that certificate.",
      );
    }
    if (days < 0)
      return fail("tls", `the certificate ended on ${certificate.validTo}`, "Renew it and start the vault again.");
    if (days < 21)
      return warn("tls", `the certificate ends in ${days} days`, "Renew it soon and start the vault again.");
    return ok("tls", `the certificate is good for ${days} days`);
  } catch {
    return fail("tls", "certificate or key cannot be read", "Both must be PEM, the key without a passphrase.");
  }
}
