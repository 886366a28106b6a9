import type { ConnectSettings } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { repeated } from "./options.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

interface SettingsOptions {
  readonly name?: string;
  readonly website?: string;
  readonly returnUrl?: readonly string[];
  readonly removeReturnUrl?: readonly string[];
  readonly origin?: readonly string[];
  readonly removeOrigin?: readonly string[];
}

/** `alter-vault connect settings`. */
export function addConnectSettings(connect: Command, cli: Cli): void {
  const settings = connect
    .command("settings")
    .option("--name <name>", 'what users read on the consent page ("" for the name of the app)')
    .option("--website <url>", 'where users read more ("" for none)')
    .option("--return-url <url>", "add a page that browsers may be sent back to; may come more than once", repeated)
    .option("--remove-return-url <url>", "take one off the list; may come more than once", repeated)
    .option("--origin <origin>", "add an origin that may open the popup; may come more than once", repeated)
    .option("--remove-origin <origin>", "take one off the list; may come more than once", repeated);
  describeCommand(settings, {
    summary: "Show or change what the app says about its own front end",
    notes: "Return URLs are compared letter by letter. An origin is scheme and host, without a path.",
    examples: [
      "alter-vault connect settings",
      "alter-vault connect settings --return-url https://app.example.com/connected --origin https://app.example.com",
      "alter-vault connect settings --name 'Example App' --remove-return-url http://localhost:3000/connected",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: SettingsOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const stored = await vault.call("getConnectSettings");
      const changes = ["name", "website", "returnUrl", "removeReturnUrl", "origin", "removeOrigin"] as const;
      const changed = changes.some((option) => options[option] !== undefined);
      const now = changed ? await vault.call("putConnectSettings", { body: change(stored, options) }) : stored;
      show(cli, command, now, () => settingsFields(now));
    }),
  );
}

function change(stored: ConnectSettings, options: SettingsOptions): ConnectSettings {
  return {
    display_name: options.name === undefined ? stored.display_name : options.name || null,
    website_url: options.website === undefined ? stored.website_url : options.website || null,
    return_urls: changeList(stored.return_urls, options.returnUrl, options.removeReturnUrl),
    origins: changeList(stored.origins, options.origin, options.removeOrigin),
  };
}

function changeList(list: readonly string[], more: readonly string[] = [], less: readonly string[] = []): string[] {
  return [...new Set([...list, ...more])].filter((item) => !less.includes(item));
}

function settingsFields({ display_name, website_url, return_urls, origins }: ConnectSettings): string {
  return fields({ name: display_name, website: website_url, "return URLs": return_urls, origins });
}
