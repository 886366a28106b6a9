import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand, globalOptions } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { requireYes } from "./read-line.ts";
import { readSecretInput } from "./secret-input.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

const KINDS = ["svix", "auth0", "generic"] as const;

/** `alter-vault idp webhook`: notices that the identity provider sends by itself. */
export function addIdpWebhook(idp: Command, cli: Cli): void {
  const webhook = idp
    .command("webhook")
    .argument("<idp-id>")
    .addOption(
      new Option("--kind <kind>", "svix (Clerk), auth0 (Log Streams), or generic (Standard Webhooks)").choices(KINDS),
    )
    .option("--value-stdin", "read the signing secret from stdin; at a terminal, ask for it without showing it")
    .option("--value-file <file>", "read the signing secret from a file");
  describeCommand(webhook, {
    summary: "Take notices of an identity provider: users who were deleted, blocked, or left a group",
    notes: [
      "Prints the address to enter at the identity provider. The secret is the one it shows there; for Auth0 it is the",
      "authorization token that you enter there, which must be long and random.",
    ].join("\n"),
    examples: [
      'printf %s "$CLERK_WEBHOOK_SECRET" | alter-vault idp webhook 01890000-0000-7000-8000-000000000001 --kind svix --value-stdin',
      "alter-vault idp webhook 01890000-0000-7000-8000-000000000001 --kind auth0 --value-file token.txt",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(
    async (
      id: string,
      { kind, ...source }: { kind?: (typeof KINDS)[number]; valueStdin?: true; valueFile?: string },
      command: Command,
    ) => {
      if (kind === undefined) throw usageError("the kind is missing", `Pass --kind: ${KINDS.join(", ")}.`);
      // Before the vault is opened: nothing is held while somebody types.
      const secret = (await readSecretInput(cli, source, "the signing secret")).trim();
      await withVault(cli, command, async (vault) => {
        const idpNow = await vault.call("putIdentityProviderWebhook", { id, body: { kind, secret } });
        const { idp_id, webhook: set, webhook_url } = idpNow;
        show(cli, command, idpNow, () => fields({ idp_id, webhook: set, webhook_url }));
      });
    },
  );
}

/** `alter-vault idp scim-token`. */
export function addIdpScimToken(idp: Command, cli: Cli): void {
  describeCommand(idp.command("scim-token").argument("<idp-id>").option("--yes", "do not ask"), {
    summary: "Make a token for provisioning by SCIM 2.0; it is shown once, and the one before stops working",
    examples: ["alter-vault idp scim-token 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    await requireYes(cli, yes, "Make a new SCIM token?", "a token that is in use stops working");
    await withVault(cli, command, async (vault) => {
      const made = await vault.call("createScimToken", { id });
      show(cli, command, made, () => fields({ scim_url: made.scim_url, scim_token: made.scim_token }));
      if (!globalOptions(command).json) cli.stderr.write("Keep the token now: it is shown this once.\n");
    });
  });
}
