import type { DeviceConnectCreate } from "@alter-vault/protocol";
import type { Command } from "commander";
import { awaitConnect, connectedText } from "./await-connect.ts";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { addPolicyOptions, policyOf, type PolicyOptions } from "./grant-policy-options.ts";
import { withRunningVault } from "./open-vault.ts";
import { namedValue, repeated } from "./options.ts";
import { printable } from "./printable.ts";
import { show } from "./show.ts";

interface DeviceOptions extends PolicyOptions {
  readonly provider: string;
  readonly scope?: readonly string[];
  readonly variable?: Readonly<Record<string, string>>;
  readonly label?: string;
  readonly open?: true;
}

/** `alter-vault connect device`. */
export function addConnectDevice(connect: Command, cli: Cli): void {
  const device = connect
    .command("device")
    .requiredOption("--provider <provider>", "what to connect")
    .option("--scope <scope>", "asked for instead of the defaults; may come more than once", repeated)
    .option("--variable <name=value>", "part of the provider's addresses; may come more than once", namedValue)
    .option("--label <label>", "label of the grant")
    .option("--open", "open the provider's page in the browser");
  describeCommand(addPolicyOptions(device), {
    summary: "Connect an account by a code that is entered on any device, and wait for it",
    notes: "For machines without a browser. The provider must support it; with others, use `connect link`.",
    examples: [
      "alter-vault connect device --provider github",
      "alter-vault connect device --provider github --scope repo",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: DeviceOptions, command: Command) =>
    withRunningVault(cli, command, async (vault) => {
      const started = await vault.call("createDeviceConnect", { body: bodyOf(options) });
      const page = started.verification_uri_complete ?? started.verification_uri;
      if (options.open) cli.openUrl(page);
      cli.stderr.write(
        `Open ${printable(started.verification_uri)} and enter this code, until ${printable(started.expires_at)}:\n  ${printable(started.user_code)}\n`,
      );
      const state = await awaitConnect(vault, started.session_token, Math.max(1, started.interval));
      show(cli, command, state, () => connectedText(state));
    }),
  );
}

function bodyOf(options: DeviceOptions): DeviceConnectCreate {
  const { provider, scope, variable, label } = options;
  const policy = policyOf(options);
  return {
    provider,
    ...(scope === undefined ? {} : { scopes: [...scope] }),
    ...(variable === undefined ? {} : { variables: { ...variable } }),
    ...(policy === undefined ? {} : { grant_policy: policy }),
    ...(label === undefined ? {} : { label }),
  };
}
