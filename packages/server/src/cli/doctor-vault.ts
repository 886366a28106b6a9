import { Health, MAX_CLOCK_SKEW_SECONDS } from "@alter-vault/protocol";
import { request } from "undici";
import { ConfigError } from "../config.ts";
import { readOperatorKey } from "../local-vault.ts";
import { runningVault, type RunningVaultInfo } from "../running-file.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./cli-error.ts";
import type { GlobalOptions } from "./describe-command.ts";
import { fail, ok, warn, type Check } from "./doctor-checks.ts";
import { givenApiKey, localConfig } from "./open-vault.ts";
import { createAgent, createVaultClient } from "./vault-client.ts";
import { reachableUrl } from "./vault-url.ts";

type Place = Pick<RunningVaultInfo, "url" | "certificateSha256">;

/** Checks of the vault that runs, at the address that was asked for or on the data directory. */
export async function checkVault(cli: Cli, globals: GlobalOptions, url: string | null): Promise<Check[]> {
  const dataDir = url === null ? dataDirOf(cli, globals) : null;
  const running = dataDir === null ? null : runningVault(dataDir);
  const place: Place | null = url === null ? running : { url, certificateSha256: null };
  if (!place) return [ok("vault", "none runs on the data directory")];

  const reached = await ask(cli, { ...place, url: reachableUrl(place.url) });
  if (!reached.health) {
    if (url !== null)
      return [fail("vault", `${url} does not answer (${reached.detail})`, "Check that it runs, and the address.")];
    // What running.json says may be of a vault that was killed.
    return [
      warn(
        "vault",
        `one ran at ${place.url} and does not answer`,
        "If it was killed, start it again; otherwise look at its log.",
      ),
    ];
  }
  const { status, version, detail } = reached.health;
  if (status !== "ok")
    return [fail("vault", `${place.url} is not ready: ${detail ?? "no reason given"}`, "Look at its log.")];
  const apiKey = givenApiKey(cli, globals) ?? (dataDir === null ? null : readOperatorKey(dataDir));
  return [
    ok("vault", `version ${version} answers at ${place.url}`),
    checkSkew(reached.skewSeconds),
    ...(apiKey === null ? [] : [await checkKey(cli, globals, { ...place, url: reachableUrl(place.url) }, apiKey)]),
  ];
}

function dataDirOf(cli: Cli, globals: GlobalOptions): string | null {
  try {
    return localConfig(cli, globals).dataDir;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

interface Reached {
  readonly health: Health | null;
  readonly detail: string;
  /** How far the clock of this machine is ahead of the vault's. Null when the vault does not say. */
  readonly skewSeconds: number | null;
}

async function ask(cli: Cli, { url, certificateSha256 }: Place): Promise<Reached> {
  const dispatcher = createAgent(certificateSha256);
  try {
    const response = await request(`${url}/readyz`, { dispatcher, headersTimeout: 5_000, bodyTimeout: 5_000 });
    const parsed = Health.safeParse(await response.body.json());
    const serverMs = Date.parse(String(response.headers["date"]));
    return {
      health: parsed.success ? parsed.data : null,
      detail: "the answer is not one of a vault",
      skewSeconds: Number.isNaN(serverMs) ? null : Math.round((cli.clock.now() - serverMs) / 1000),
    };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
    return { health: null, detail: code, skewSeconds: null };
  } finally {
    await dispatcher.destroy();
  }
}

function checkSkew(seconds: number | null): Check {
  if (seconds === null)
    return warn("clock", "the vault does not say its time", "Check that no proxy takes the date header away.");
  // The header has whole seconds and is a moment old.
  const off = Math.max(0, Math.abs(seconds) - 1);
  const message = `${off} seconds off the vault's`;
  if (off > MAX_CLOCK_SKEW_SECONDS)
    return fail("clock", message, "Set the clock: the vault refuses what is signed at another time.");
  if (off > 5)
    return warn("clock", message, `Set the clock: at ${MAX_CLOCK_SKEW_SECONDS} seconds the vault refuses calls.`);
  return ok("clock", message);
}

async function checkKey(
  cli: Cli,
  { app }: GlobalOptions,
  { url, certificateSha256 }: Place,
  apiKey: string,
): Promise<Check> {
  const client = createVaultClient({ url, certificateSha256, apiKey, app, clock: cli.clock, random: cli.random });
  try {
    const { app_name, scopes } = await client.call("whoami");
    return ok("API key", `accepted, for app ${app_name} with ${scopes.length} scopes`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return fail("API key", `${error.report.title}: ${error.report.detail}`, error.report.fix);
  } finally {
    await client.close();
  }
}
