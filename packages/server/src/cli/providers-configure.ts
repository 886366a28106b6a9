import type { ProviderConfig, ProviderConfigPut, ProviderInfo } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { CliError, usageError, VaultRefusal } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { EXIT } from "./exit-code.ts";
import { withVault } from "./open-vault.ts";
import { namedValue, repeated } from "./options.ts";
import { printable } from "./printable.ts";
import { requireYes } from "./read-line.ts";
import { readJsonFile } from "./read-text-file.ts";
import { readHidden, readSecretFile } from "./secret-input.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";
import type { VaultClient } from "./vault-client.ts";

interface ConfigureOptions {
  readonly clientId?: string;
  readonly clientSecretStdin?: true;
  readonly clientSecret?: string;
  readonly privateKeyFile?: string;
  readonly privateKeyId?: string;
  readonly scope?: readonly string[];
  readonly allowScope?: readonly string[];
  readonly allowAllScopes?: true;
  readonly variable?: Readonly<Record<string, string>>;
  readonly redirectUri?: string;
  readonly grantSchemaFile?: string;
  /** False with --no-grant-schema; commander sets true when it is absent. */
  readonly grantSchema: boolean;
}

/** `alter-vault providers configure`. */
export function addProviderConfigure(providers: Command, cli: Cli): void {
  const configure = providers
    .command("configure")
    .argument("<provider>")
    .option("--client-id <id>", "the client id the provider gave to your app")
    .option("--client-secret-stdin", "read the client secret from stdin; at a terminal, ask for it without showing it")
    .addOption(new Option("--client-secret <secret>").hideHelp())
    .option("--private-key-file <file>", "PEM file, for providers that want signed requests")
    .option("--private-key-id <id>", "the provider's name for that key")
    .option("--scope <scope>", "asked for when nobody says; may come more than once", repeated)
    .option(
      "--allow-scope <scope>",
      "may be asked for at all; may come more than once (default: every scope)",
      repeated,
    )
    .option("--allow-all-scopes", "take the list of allowed scopes back")
    .option(
      "--variable <name=value>",
      "part of the provider's addresses, as in tenant=example; may come more than once, and tenant= takes it back",
      namedValue,
    )
    .option("--redirect-uri <uri>", "what is registered at the provider, when it is not the vault's own address")
    .option("--grant-schema-file <file>", "JSON Schema of the data that may be kept with grants")
    .option("--no-grant-schema", "take that back: any data may be kept");
  describeCommand(configure, {
    summary: "Say how the app is known at a provider, so that users can connect it",
    notes: [
      "The first time, --client-id is needed, and the secret where the provider wants one. Afterwards, what is left out",
      "stays as it is. A scope that is asked for by default is allowed by itself.",
    ].join("\n"),
    examples: [
      'printf %s "$CLIENT_SECRET" | alter-vault providers configure github --client-id Iv1.example --client-secret-stdin --scope repo',
      "alter-vault providers configure microsoft --client-id 0a1b --client-secret-stdin --variable tenant=organizations",
      "alter-vault providers configure github-app --client-id 12345 --private-key-file app.pem --variable app_slug=example-app",
      "alter-vault providers configure github --scope repo --scope read:user --allow-scope gist",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, options: ConfigureOptions, command: Command) => {
    refuseSecretInArgv(options);
    if (options.allowScope && options.allowAllScopes)
      throw usageError("--allow-scope and --allow-all-scopes exclude each other");
    // Before the vault is opened: nothing is held while somebody types.
    const secrets = await readClientSecrets(cli, options);
    const schema = options.grantSchemaFile === undefined ? undefined : readJsonFile(options.grantSchemaFile);
    await withVault(cli, command, async (vault) => {
      const provider = await vault.call("getProvider", { id });
      const stored = await findConfig(vault, id);
      const body = { ...bodyOf(options, stored), ...secrets };
      const given =
        schema === undefined ? body : { ...body, grant_schema: schema as ProviderConfigPut["grant_schema"] };
      const config = await vault.call("putProviderConfig", { id, body: given });
      const { console_url } = provider;
      show(cli, command, { ...config, console_url }, () => configuredText(provider, config));
    });
  });
}

/** `alter-vault providers unconfigure`. */
export function addProviderUnconfigure(providers: Command, cli: Cli): void {
  describeCommand(providers.command("unconfigure").argument("<provider>").option("--yes", "do not ask"), {
    summary: "Forget the client id and secret; connected accounts can no longer be refreshed",
    examples: ["alter-vault providers unconfigure github --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    const question = `Forget the client of ${id}? Its connected accounts can no longer be refreshed.`;
    await requireYes(cli, yes, question, "a forgotten secret is gone");
    await withVault(cli, command, async (vault) => {
      const config = await vault.call("deleteProviderConfig", { id });
      show(cli, command, config, () => `Forgotten.\n${configFields(config)}`);
    });
  });
}

function refuseSecretInArgv({ clientSecret }: ConfigureOptions): void {
  if (clientSecret === undefined) return;
  throw usageError(
    "a secret is not taken from the command line, where others on this machine can see it",
    "Use --client-secret-stdin, and treat the secret that was just typed as seen.",
  );
}

type Secrets = Pick<ProviderConfigPut, "client_secret" | "private_key" | "private_key_id">;

async function readClientSecrets(cli: Cli, options: ConfigureOptions): Promise<Secrets> {
  const { clientSecretStdin, privateKeyFile, privateKeyId } = options;
  const secret = clientSecretStdin ? oneLine(await readHidden(cli, "Client secret: ")) : undefined;
  return {
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(privateKeyFile === undefined ? {} : { private_key: readSecretFile(privateKeyFile) }),
    ...(privateKeyId === undefined ? {} : { private_key_id: privateKeyId }),
  };
}

function oneLine(raw: string): string {
  const text = raw.replace(/^\ufeff/, "").replace(/\r?\n$/, "");
  if (text !== "" && !/[\r\n]/.test(text)) return text;
  throw new CliError(EXIT.usage, {
    code: "usage",
    title: "The client secret cannot be used",
    detail: text === "" ? "it is empty" : "it has more than one line",
    fix: 'Pass it as in: printf %s "$CLIENT_SECRET" | alter-vault providers configure … --client-secret-stdin',
  });
}

/** Null when the provider is not configured yet. */
async function findConfig(vault: VaultClient, id: string): Promise<ProviderConfig | null> {
  try {
    return await vault.call("getProviderConfig", { id });
  } catch (error) {
    if (error instanceof VaultRefusal && error.report.code === "provider_not_configured") return null;
    throw error;
  }
}

function bodyOf(options: ConfigureOptions, stored: ProviderConfig | null): ProviderConfigPut {
  const clientId = options.clientId ?? stored?.client_id;
  if (clientId === undefined) throw usageError("--client-id is missing: the provider is not configured yet");
  const usual = options.scope ?? stored?.default_scopes ?? [];
  const listed = options.allowAllScopes ? null : (options.allowScope ?? stored?.allowed_scopes ?? null);
  const redirectUri = options.redirectUri ?? ownRedirectUri(stored);
  return {
    client_id: clientId,
    variables: variablesOf({ ...stored?.variables, ...options.variable }),
    default_scopes: [...usual],
    allowed_scopes: listed && [...new Set([...listed, ...usual])],
    grant_schema: options.grantSchema ? (stored?.grant_schema ?? null) : null,
    ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
  };
}

function variablesOf(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}

/** What an operator has said stays; the vault's own address is left for the vault to say. */
function ownRedirectUri(stored: ProviderConfig | null): string | undefined {
  return stored === null || stored.redirect_uri.endsWith("/oauth/callback") ? undefined : stored.redirect_uri;
}

function configFields(config: ProviderConfig): string {
  return fields({
    provider: config.provider_id,
    "client id": config.client_id,
    "client secret": config.has_client_secret,
    "private key": config.has_private_key,
    "default scopes": config.default_scopes,
    "allowed scopes": config.allowed_scopes ?? "all",
    variables: Object.entries(config.variables).map(([name, value]) => `${name}=${value}`),
    "grant schema": config.grant_schema !== null,
    updated: config.updated_at,
  });
}

function configuredText({ name, console_url }: ProviderInfo, config: ProviderConfig): string {
  const where = console_url === null ? "" : `Where apps are registered: ${printable(console_url)}\n`;
  return `Configured.\n\n${configFields(config)}\nRegister this redirect URI at ${printable(name)}, letter by letter:\n  ${printable(config.redirect_uri)}\n${where}`;
}
