import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Proxies } from "./http/caller-address.ts";
import { readRange } from "./policy/conditions/ip-range.ts";
import { databaseUrlProblem } from "./store/postgres/connection.ts";

/**
 * The settings of the vault: from the environment, overlaid by what the command line says. The only place that reads the
 * environment. Every problem is found and told at once; nothing starts with half a configuration.
 */
export interface Config {
  readonly mode: "dev" | "serve";
  readonly dataDir: string;
  /** Of the embedded database. */
  readonly databasePath: string;
  /** A PostgreSQL database that replicas share, instead. There may be a password in it. */
  readonly databaseUrl: string | null;
  readonly masterKeyPath: string;
  readonly host: string;
  readonly port: number;
  /** Processes that share the port. */
  readonly workers: number;
  /** The address clients use when a proxy in front changes the Host header. */
  readonly publicUrl: URL | null;
  /** Where the vault is reached that these settings would start. Set when it is opened for one command only. */
  readonly servedAt: string | null;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Serves plain HTTP beyond loopback: for a proxy in front that ends TLS. */
  readonly behindTlsProxy: boolean;
  /** Whose `x-forwarded-for` counts. Behind a proxy that ends TLS, and without a list: of whoever connects. */
  readonly proxies: Proxies;
  readonly allowLoopbackUpstreams: boolean;
  readonly metricsToken: string | null;
  /** Default: info, and warn in dev. */
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly limits: Limits;
}

export interface Limits {
  /** A body up to this size is read before anything is decided; a larger one is streamed. */
  readonly bufferedBodyBytes: number;
  readonly maxBodyBytes: number;
  readonly adminBodyBytes: number;
  readonly headerBytes: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxResponseBytes: number | null;
  readonly connectionsPerOrigin: number;
  /** How long it takes calls still when it is to stop, and says that it is not ready. */
  readonly drainMs: number;
  readonly shutdownMs: number;
}

/** Where there are other replicas: for whoever spreads the calls to notice. */
const DRAIN_MS = 5_000;

const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const flag = z
  .enum(["0", "1", "true", "false"])
  .default("0")
  .transform((value) => value === "1" || value === "true");

const Settings = z.object({
  ALTER_VAULT_DATA: z.string().min(1).default(".alter-vault"),
  ALTER_VAULT_DATABASE_URL: z.string().min(1).optional(),
  ALTER_VAULT_MASTER_KEY_FILE: z.string().min(1).optional(),
  ALTER_VAULT_HOST: z.string().min(1).default("127.0.0.1"),
  ALTER_VAULT_PORT: z.coerce.number().int().min(0).max(65_535).default(8200),
  ALTER_VAULT_WORKERS: z
    .string()
    .regex(/^(auto|[1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/, "auto, or from 1 to 256")
    .default("1")
    .transform((text) => (text === "auto" ? text : Number(text))),
  ALTER_VAULT_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  ALTER_VAULT_TLS_CERT_FILE: z.string().optional(),
  ALTER_VAULT_TLS_KEY_FILE: z.string().optional(),
  ALTER_VAULT_BEHIND_TLS_PROXY: flag,
  ALTER_VAULT_TRUSTED_PROXIES: z.string().optional(),
  ALTER_VAULT_UNSAFE_ALLOW_LOOPBACK_UPSTREAMS: flag,
  ALTER_VAULT_METRICS_TOKEN: z.string().min(16, "use at least 16 characters").optional(),
  ALTER_VAULT_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).optional(),
  ALTER_VAULT_MAX_BODY_BYTES: positive(5 * 1024 ** 3),
  ALTER_VAULT_MAX_RESPONSE_BYTES: z.coerce.number().int().positive().optional(),
  ALTER_VAULT_UPSTREAM_CONNECT_TIMEOUT_MS: positive(10_000),
  ALTER_VAULT_UPSTREAM_HEADERS_TIMEOUT_MS: positive(60_000),
  ALTER_VAULT_UPSTREAM_IDLE_TIMEOUT_MS: positive(300_000),
  ALTER_VAULT_CONNECTIONS_PER_ORIGIN: positive(256),
  ALTER_VAULT_DRAIN_MS: z.coerce.number().int().min(0).optional(),
  ALTER_VAULT_SHUTDOWN_MS: positive(30_000),
});

export type SettingOverrides = Readonly<Record<`ALTER_VAULT_${string}`, string>>;

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** Throws {@link ConfigError} with every problem there is. */
export function loadConfig(
  mode: Config["mode"],
  overrides: SettingOverrides = {},
  environment: NodeJS.ProcessEnv = process.env,
): Config {
  const parsed = Settings.safeParse({ ...knownSettings(environment), ...overrides });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  }
  const settings = parsed.data;
  const problems: string[] = [];
  const tls = readTls(settings, problems);
  const loopback = isLoopbackName(settings.ALTER_VAULT_HOST);
  if (mode === "serve" && !loopback && !tls && !settings.ALTER_VAULT_BEHIND_TLS_PROXY) {
    problems.push(
      `ALTER_VAULT_HOST is ${settings.ALTER_VAULT_HOST}, which others can reach, and there is no TLS: set ALTER_VAULT_TLS_CERT_FILE and ALTER_VAULT_TLS_KEY_FILE, or ALTER_VAULT_BEHIND_TLS_PROXY=1 when a proxy in front ends TLS`,
    );
  }
  const proxies = readProxies(settings, problems);
  const databaseProblem = databaseUrlProblem(settings.ALTER_VAULT_DATABASE_URL);
  if (databaseProblem !== null) problems.push(`ALTER_VAULT_DATABASE_URL ${databaseProblem}`);
  if (mode === "dev" && !loopback) problems.push("`dev` listens on loopback only; use `serve` for anything else");
  const workers = workersOf(settings, problems);
  if (problems.length > 0) throw new ConfigError(problems);

  const dataDir = resolve(settings.ALTER_VAULT_DATA);
  const databaseUrl = settings.ALTER_VAULT_DATABASE_URL ?? null;
  return Object.freeze({
    mode,
    dataDir,
    databasePath: join(dataDir, "vault.db"),
    databaseUrl,
    masterKeyPath: settings.ALTER_VAULT_MASTER_KEY_FILE ?? join(dataDir, "master.key"),
    host: settings.ALTER_VAULT_HOST,
    port: settings.ALTER_VAULT_PORT,
    workers,
    publicUrl: settings.ALTER_VAULT_PUBLIC_URL === undefined ? null : new URL(settings.ALTER_VAULT_PUBLIC_URL),
    servedAt: null,
    tls,
    behindTlsProxy: settings.ALTER_VAULT_BEHIND_TLS_PROXY,
    proxies,
    allowLoopbackUpstreams: mode === "dev" || settings.ALTER_VAULT_UNSAFE_ALLOW_LOOPBACK_UPSTREAMS,
    metricsToken: settings.ALTER_VAULT_METRICS_TOKEN ?? null,
    logLevel: settings.ALTER_VAULT_LOG_LEVEL ?? (mode === "dev" ? "warn" : "info"),
    limits: {
      bufferedBodyBytes: 256 * 1024,
      maxBodyBytes: settings.ALTER_VAULT_MAX_BODY_BYTES,
      adminBodyBytes: 256 * 1024,
      headerBytes: 64 * 1024,
      connectTimeoutMs: settings.ALTER_VAULT_UPSTREAM_CONNECT_TIMEOUT_MS,
      headersTimeoutMs: settings.ALTER_VAULT_UPSTREAM_HEADERS_TIMEOUT_MS,
      idleTimeoutMs: settings.ALTER_VAULT_UPSTREAM_IDLE_TIMEOUT_MS,
      maxResponseBytes: settings.ALTER_VAULT_MAX_RESPONSE_BYTES ?? null,
      connectionsPerOrigin: settings.ALTER_VAULT_CONNECTIONS_PER_ORIGIN,
      drainMs: settings.ALTER_VAULT_DRAIN_MS ?? (mode === "serve" && databaseUrl !== null ? DRAIN_MS : 0),
      shutdownMs: settings.ALTER_VAULT_SHUTDOWN_MS,
    },
  });
}

const LISTENER_SETTINGS = [
  "ALTER_VAULT_HOST",
  "ALTER_VAULT_PORT",
  "ALTER_VAULT_WORKERS",
  "ALTER_VAULT_PUBLIC_URL",
  "ALTER_VAULT_TLS_CERT_FILE",
  "ALTER_VAULT_TLS_KEY_FILE",
  "ALTER_VAULT_BEHIND_TLS_PROXY",
  "ALTER_VAULT_TRUSTED_PROXIES",
];

/**
 * For a process that opens a data directory only for one command: it talks to itself on a free loopback port, so nothing
 * that is set for the real listener counts. Throws {@link ConfigError}.
 */
export function loadLocalConfig(
  overrides: SettingOverrides = {},
  environment: NodeJS.ProcessEnv = process.env,
): Config {
  const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !LISTENER_SETTINGS.includes(name)));
  const config = loadConfig("serve", { ...overrides, ALTER_VAULT_HOST: "127.0.0.1", ALTER_VAULT_PORT: "0" }, rest);
  return Object.freeze({ ...config, servedAt: servedAt(environment), limits: { ...config.limits, drainMs: 0 } });
}

/** Null when the settings of the listener do not say. What is wrong with them is told when they are used. */
function servedAt(environment: NodeJS.ProcessEnv): string | null {
  const names = LISTENER_SETTINGS.map((name) => [name, environment[name] || undefined]);
  const parsed = Settings.safeParse(Object.fromEntries(names));
  if (!parsed.success) return null;
  const { ALTER_VAULT_PUBLIC_URL: url, ALTER_VAULT_HOST: host, ALTER_VAULT_PORT: port } = parsed.data;
  if (url !== undefined) return new URL(url).origin;
  if (port === 0) return null;
  const scheme = parsed.data.ALTER_VAULT_TLS_CERT_FILE === undefined ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What the command line itself takes from the environment. */
export interface CommandLineSettings {
  /** `ALTER_VAULT_URL`: the vault to talk to. */
  readonly url: string | null;
  /** `ALTER_VAULT_API_KEY` */
  readonly apiKey: string | null;
  /** Stack traces of unexpected errors: with `ALTER_VAULT_LOG_LEVEL=debug`. */
  readonly debug: boolean;
  /** False with `NO_COLOR`. */
  readonly color: boolean;
}

export function loadCommandLineSettings(environment: NodeJS.ProcessEnv = process.env): CommandLineSettings {
  return {
    url: environment["ALTER_VAULT_URL"] || null,
    apiKey: environment["ALTER_VAULT_API_KEY"] || null,
    debug: environment["ALTER_VAULT_LOG_LEVEL"] === "debug",
    color: !environment["NO_COLOR"],
  };
}

/** An empty variable counts as not set. */
function knownSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const known: Record<string, string> = {};
  for (const name of Object.keys(Settings.shape)) {
    const value = environment[name];
    if (value) known[name] = value;
  }
  return known;
}

/** The embedded database is for one process: with `auto` there is one, and asking for more is a mistake. */
function workersOf(
  { ALTER_VAULT_WORKERS: asked, ALTER_VAULT_DATABASE_URL: databaseUrl }: z.infer<typeof Settings>,
  problems: string[],
): number {
  if (asked === "auto") return databaseUrl === undefined ? 1 : availableParallelism();
  if (asked > 1 && databaseUrl === undefined) {
    problems.push(
      `ALTER_VAULT_WORKERS is ${asked}, and the embedded storage is for one process: set ALTER_VAULT_DATABASE_URL (--database) to a PostgreSQL database, which any number of processes can share, or leave it at 1`,
    );
  }
  return asked;
}

function readTls(settings: z.infer<typeof Settings>, problems: string[]): Config["tls"] {
  const { ALTER_VAULT_TLS_CERT_FILE: certFile, ALTER_VAULT_TLS_KEY_FILE: keyFile } = settings;
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined || keyFile === undefined) {
    problems.push("ALTER_VAULT_TLS_CERT_FILE and ALTER_VAULT_TLS_KEY_FILE go together");
    return null;
  }
  const cert = readOrReport("ALTER_VAULT_TLS_CERT_FILE", certFile, problems);
  const key = readOrReport("ALTER_VAULT_TLS_KEY_FILE", keyFile, problems);
  return cert && key ? { cert, key } : null;
}

function readProxies(
  { ALTER_VAULT_TRUSTED_PROXIES: list, ALTER_VAULT_BEHIND_TLS_PROXY: isBehind }: z.infer<typeof Settings>,
  problems: string[],
): Proxies {
  if (list === undefined) return isBehind ? "nearest" : null;
  return list.split(",").flatMap((given) => {
    const text = given.trim();
    const range = readRange(text);
    if (!range) problems.push(`ALTER_VAULT_TRUSTED_PROXIES: "${text}" is no address or range like 10.0.0.0/8`);
    return range ?? [];
  });
}

function readOrReport(name: string, path: string, problems: string[]): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    problems.push(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    return null;
  }
}

function isLoopbackName(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
