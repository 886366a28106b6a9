import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { loadConfig, type Config, type SettingOverrides } from "../config.ts";
import { createLogger, type Logger } from "../logger.ts";
import type { Cli } from "./cli.ts";
import { describeCommand, globalOptions } from "./describe-command.ts";
import { dataOverride, requireVault } from "./open-vault.ts";
import { AS_WORKER, serveAsWorker, serveByWorkers, type Serving } from "./serve-workers.ts";
import { startWhenFree } from "./when-free.ts";
import { repeated } from "./options.ts";
import { stopSignal } from "./stop-signal.ts";
import { VERSION } from "../version.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly workers?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindTlsProxy?: true;
  readonly trustedProxy?: readonly string[];
  readonly publicUrl?: string;
  readonly asWorker?: true;
}

/** `alter-vault serve`: the vault as a server. It sets nothing up by itself. */
export function addServe(program: Command, cli: Cli): void {
  const serve = program
    .command("serve")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "port to listen on (default: 8200)")
    .option("--workers <n|auto>", "processes that share the port, auto: one per core; needs --database (default: 1)")
    .option("--tls-cert <file>", "TLS certificate, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--behind-tls-proxy", "serve plain HTTP beyond loopback, because a proxy in front ends TLS")
    .option(
      "--trusted-proxy <range>",
      "a proxy whose word counts about where calls come from, like 10.0.0.0/8; may come more than once",
      repeated,
    )
    .option("--public-url <url>", "the address that clients use, when a proxy changes the Host header")
    .addOption(new Option(AS_WORKER).hideHelp());
  describeCommand(serve, {
    summary: "Run the vault as a server; the data directory must have been made by `init`",
    notes:
      'Prints one line when it is ready, with --json {"url","dataDir","workers"}. Logs to stderr, one JSON object per line.',
    examples: [
      "alter-vault serve --data /var/lib/alter-vault",
      "alter-vault serve --database postgres://vault@db.example.com/vault --workers auto",
      "alter-vault serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
      "alter-vault serve --host 0.0.0.0 --behind-tls-proxy --trusted-proxy 10.0.0.0/8 --public-url https://vault.example.com",
    ],
    environment: {
      ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
      ALTER_VAULT_DATABASE_URL: "a PostgreSQL database that replicas share, instead of the embedded one",
      ALTER_VAULT_MASTER_KEY_FILE: "the master key (default: master.key in the data directory)",
      "ALTER_VAULT_HOST, ALTER_VAULT_PORT": "like --host and --port",
      ALTER_VAULT_WORKERS: "like --workers",
      "ALTER_VAULT_TLS_CERT_FILE, ALTER_VAULT_TLS_KEY_FILE": "like --tls-cert and --tls-key",
      "ALTER_VAULT_BEHIND_TLS_PROXY, ALTER_VAULT_PUBLIC_URL": "like --behind-tls-proxy (1) and --public-url",
      ALTER_VAULT_TRUSTED_PROXIES: "like --trusted-proxy, with commas between",
      ALTER_VAULT_METRICS_TOKEN: "bearer token for /metrics; without it there are no metrics",
      ALTER_VAULT_LOG_LEVEL: "debug, info (the default), warn, error or silent",
    },
  }).action(async (options: ServeOptions, command: Command) => {
    const globals = globalOptions(command);
    const config = loadConfig("serve", { ...dataOverride(globals), ...overridesOf(options) }, cli.environment);
    if (options.asWorker) return serveAsWorker(cli, config);
    await requireVault(config);
    const logger = createLogger(config.logLevel);
    const stopped = stopSignal(cli);

    const running =
      config.workers > 1 ? await serveByWorkers(cli, config, logger) : await serveAlone(cli, config, logger);
    const { dataDir } = config;
    const { url } = running;
    const among = config.workers > 1 ? `, ${config.workers} workers` : "";
    cli.stdout.write(
      globals.json
        ? `${JSON.stringify({ url, dataDir, workers: config.workers })}\n`
        : `Alter Vault is running at ${url} on ${dataDir}${among}\n`,
    );
    logger.info("started", { address: url, version: VERSION, count: config.workers });

    logger.info("stopping", { signal: await stopped });
    await running.stop();
    logger.info("stopped");
  });
}

function serveAlone(cli: Cli, config: Config, logger: Logger): Promise<Serving> {
  return startWhenFree(cli, config, { clock: cli.clock, random: cli.random, newId: cli.newId, logger });
}

function overridesOf(options: ServeOptions): SettingOverrides {
  const { host, port, workers, tlsCert, tlsKey, behindTlsProxy, trustedProxy, publicUrl } = options;
  return {
    ...(host === undefined ? {} : { ALTER_VAULT_HOST: host }),
    ...(port === undefined ? {} : { ALTER_VAULT_PORT: port }),
    ...(workers === undefined ? {} : { ALTER_VAULT_WORKERS: workers }),
    ...(tlsCert === undefined ? {} : { ALTER_VAULT_TLS_CERT_FILE: resolve(tlsCert) }),
    ...(tlsKey === undefined ? {} : { ALTER_VAULT_TLS_KEY_FILE: resolve(tlsKey) }),
    ...(behindTlsProxy ? { ALTER_VAULT_BEHIND_TLS_PROXY: "1" } : {}),
    ...(trustedProxy === undefined ? {} : { ALTER_VAULT_TRUSTED_PROXIES: trustedProxy.join(",") }),
    ...(publicUrl === undefined ? {} : { ALTER_VAULT_PUBLIC_URL: publicUrl }),
  };
}
