import type { ConnectSessionCreate } from "@alter-vault/protocol";
import type { Command } from "commander";
import { awaitConnect, connectedText } from "./await-connect.ts";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { addPolicyOptions, policyOf, type PolicyOptions } from "./grant-policy-options.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withRunningVault } from "./open-vault.ts";
import { namedValue, repeated, seconds } from "./options.ts";
import { printable } from "./printable.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

interface LinkOptions extends PolicyOptions {
  readonly provider?: readonly string[];
  readonly returnUrl?: string;
  readonly scope?: readonly string[];
  readonly variable?: Readonly<Record<string, string>>;
  readonly grant?: string;
  readonly label?: string;
  readonly agent?: string;
  readonly loginHint?: string;
  readonly expiresIn?: number;
  readonly open?: true;
  readonly wait?: true;
}

const POLL_SECONDS = 2;

/** `alter-vault connect link`. */
export function addConnectLink(connect: Command, cli: Cli): void {
  const link = connect
    .command("link")
    .option(
      "--provider <provider>",
      "what may be connected; may come more than once (default: all that are configured)",
      repeated,
    )
    .option("--return-url <url>", "where the browser goes afterwards; must be in `connect settings`")
    .option(
      "--scope <scope>",
      "asked for instead of the defaults, with one --provider; may come more than once",
      repeated,
    )
    .option(
      "--variable <name=value>",
      "part of the provider's addresses, with one --provider; may come more than once",
      namedValue,
    )
    .option("--grant <grant-id>", "connect this grant again, with the same account")
    .option("--label <label>", "label of the grant")
    .option("--agent <name>", "the agent that asks, shown on the consent page")
    .option("--login-hint <account>", "the account the user probably wants")
    .option("--expires-in <time>", "how long the link works (default: 10m)", seconds)
    .option("--open", "open it in the browser")
    .option("--wait", "wait until the user is done, and print what was connected");
  describeCommand(addPolicyOptions(link), {
    summary: "Make a link by which a user connects an account",
    notes: "Whoever has the link can connect an account to this app: send it to one person, over a channel you trust.",
    examples: [
      "alter-vault connect link --provider google --open --wait",
      "alter-vault connect link --provider github --scope repo --return-url https://app.example.com/connected",
      "alter-vault connect link --grant 01890000-0000-7000-8000-000000000001",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((options: LinkOptions, command: Command) => {
    const body = bodyOf(options);
    return withRunningVault(cli, command, async (vault) => {
      const session = await vault.call("createConnectSession", { body });
      const { connect_url: url, expires_at, session_id } = session;
      if (options.open) cli.openUrl(url);
      if (!options.wait) {
        return show(cli, command, session, () => `${printable(url)}\n\n${fields({ session_id, expires: expires_at })}`);
      }
      // On stderr: stdout gets one answer, and the user needs this one first.
      cli.stderr.write(`Open this link, until ${printable(expires_at)}:\n  ${printable(url)}\n`);
      const state = await awaitConnect(vault, session.session_token, POLL_SECONDS);
      show(cli, command, state, () => connectedText(state));
    });
  });
}

function bodyOf(options: LinkOptions): ConnectSessionCreate {
  const { provider: providers, returnUrl, scope, variable, grant, label, agent, loginHint, expiresIn } = options;
  const [provider, ...others] = providers ?? [];
  const onlyOne = provider !== undefined && others.length === 0 ? provider : undefined;
  if ((scope ?? variable) !== undefined && onlyOne === undefined)
    throw usageError("--scope and --variable need one --provider, which they are for");
  const policy = policyOf(options);
  return {
    ...(providers === undefined ? {} : { allowed_providers: [...providers] }),
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
    ...(scope === undefined || onlyOne === undefined ? {} : { required_scopes: { [onlyOne]: [...scope] } }),
    ...(variable === undefined || onlyOne === undefined ? {} : { variables: { [onlyOne]: { ...variable } } }),
    ...(policy === undefined ? {} : { grant_policy: policy }),
    ...(grant === undefined ? {} : { grant_id: grant }),
    ...(label === undefined ? {} : { label }),
    ...(agent === undefined ? {} : { agent }),
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(expiresIn === undefined ? {} : { expires_in_seconds: expiresIn }),
  };
}
