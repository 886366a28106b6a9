import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { providerFields, providerTables } from "./provider-text.ts";
import { addProviderConfigure, addProviderUnconfigure } from "./providers-configure.ts";
import { addProviderAdd, addProviderLint } from "./providers-add.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** `alter-vault providers`: the catalogue, entries of an app's own, and how an app is known at a provider. */
export function addProviders(program: Command, cli: Cli): void {
  const providers = describeCommand(program.command("providers"), {
    summary: "List providers, configure them for an app, and add entries of your own",
    examples: [
      "alter-vault providers list",
      'printf %s "$CLIENT_SECRET" | alter-vault providers configure github --client-id Iv1.example --client-secret-stdin --scope repo',
    ],
  });
  addList(providers, cli);
  addShow(providers, cli);
  addProviderConfigure(providers, cli);
  addProviderUnconfigure(providers, cli);
  addProviderLint(providers, cli);
  addProviderAdd(providers, cli);
  addRemove(providers, cli);
}

function addList(providers: Command, cli: Cli): void {
  const list = providers.command("list").option("--configured", "only those that users can connect");
  describeCommand(list, {
    summary: "List the providers of the catalogue and of the app's own",
    examples: ["alter-vault providers list", "alter-vault providers list --configured --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ configured }: { configured?: true }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listProviders", { query: { configured: configured && "true" } });
      const rows = answer.providers.map((provider) => [
        provider.provider_id,
        provider.name,
        provider.category,
        provider.kind,
        provider.source,
        provider.configured,
      ]);
      show(cli, command, answer, () => table(["PROVIDER", "NAME", "CATEGORY", "KIND", "SOURCE", "CONFIGURED"], rows));
    }),
  );
}

function addShow(providers: Command, cli: Cli): void {
  describeCommand(providers.command("show").argument("<provider>"), {
    summary: "Show a provider, what it takes to configure it, and how it is configured",
    examples: ["alter-vault providers show github"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const provider = await vault.call("getProvider", { id });
      const config = provider.configured ? await vault.call("getProviderConfig", { id }) : null;
      show(cli, command, { ...provider, config }, () => {
        const configured = config && {
          "client id": config.client_id,
          "client secret": config.has_client_secret,
          "private key": config.has_private_key,
          "default scopes": config.default_scopes,
          "allowed scopes": config.allowed_scopes ?? "all",
          "variables set": Object.entries(config.variables).map(([name, value]) => `${name}=${value}`),
          "redirect URI": config.redirect_uri,
        };
        return providerFields(provider) + (configured ? `\n${fields(configured)}` : "") + providerTables(provider);
      });
    }),
  );
}

function addRemove(providers: Command, cli: Cli): void {
  describeCommand(providers.command("remove").argument("<provider>").option("--yes", "do not ask"), {
    summary: "Remove an entry of the app's own that nothing uses any more",
    examples: ["alter-vault providers remove acme --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    await requireYes(cli, yes, `Remove provider ${id}?`, "removing cannot be undone");
    await withVault(cli, command, async (vault) => {
      const provider = await vault.call("removeProvider", { id });
      show(cli, command, provider, () => `Removed.\n${providerFields(provider)}`);
    });
  });
}
