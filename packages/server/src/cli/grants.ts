import { GRANT_STATUSES, type Grant, type GrantCreate } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { addGrantData } from "./grants-data.ts";
import { addGrantDisconnect, addGrantRevoke } from "./grants-revoke.ts";
import { withVault } from "./open-vault.ts";
import { integer, seconds } from "./options.ts";
import { more, show } from "./show.ts";
import { fields, table, type Cell } from "./table.ts";

const UNSAFE_RETRIEVE =
  "let callers have the credential itself for one named request at a time, instead of the vault sending it";

/** `alter-vault grants`: the rights to use one credential. */
export function addGrants(program: Command, cli: Cli): void {
  const grants = describeCommand(program.command("grants"), {
    summary: "List, issue, change and revoke grants, the rights to use one credential",
    examples: ["alter-vault grants list", "alter-vault grants create 01890000-0000-7000-8000-000000000000 --ttl 30d"],
  });
  addList(grants, cli);
  addShow(grants, cli);
  addCreate(grants, cli);
  addUpdate(grants, cli);
  addGrantRevoke(grants, cli);
  addGrantDisconnect(grants, cli);
  addRefresh(grants, cli);
  addGrantData(grants, cli);
}

interface ListOptions {
  readonly provider?: string;
  readonly status?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

function addList(grants: Command, cli: Cli): void {
  const list = grants
    .command("list")
    .option("--provider <slug>", "only those of one provider")
    .addOption(new Option("--status <status>", "only those in one state").choices(GRANT_STATUSES))
    .option("--limit <count>", "how many at most, up to 1000 (default: 100)", integer)
    .option("--cursor <cursor>", "go on after an earlier page");
  describeCommand(list, {
    summary: "List grants",
    examples: ["alter-vault grants list", "alter-vault grants list --provider github --status active"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ provider, status, limit, cursor }: ListOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listGrants", { query: { provider_id: provider, status, limit, cursor } });
      const rows = answer.grants.map((grant) => [
        grant.grant_id,
        grant.provider_id,
        grant.account_identifier,
        grant.status,
        grant.credential_status,
        grant.label,
        grant.created_at,
        grant.expires_at,
      ]);
      show(
        cli,
        command,
        answer,
        () =>
          table(["GRANT ID", "PROVIDER", "ACCOUNT", "STATUS", "CREDENTIAL", "LABEL", "CREATED", "EXPIRES"], rows) +
          more(answer),
      );
    }),
  );
}

function addShow(grants: Command, cli: Cli): void {
  describeCommand(grants.command("show").argument("<grant-id>"), {
    summary: "Show one grant",
    examples: ["alter-vault grants show 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const grant = await vault.call("getGrant", { id });
      show(cli, command, grant, () => grantFields(grant));
    }),
  );
}

interface CreateOptions {
  readonly user?: string;
  readonly group?: string;
  readonly idp?: string;
  readonly agent?: string;
  readonly label?: string;
  readonly ttl?: number;
  readonly unsafeAllowRetrieve?: true;
}

function addCreate(grants: Command, cli: Cli): void {
  const create = grants
    .command("create")
    .argument("<secret-id>")
    .option("--user <user-id>", "for one user; needs --label")
    .option("--group <external-id>", "for whoever is in a group of --idp; needs --label")
    .option("--idp <idp-id>", "the identity provider of the group")
    .option("--agent <agent-id>", "for an agent")
    .option("--label <label>", "who or what it is for, as users read it")
    .option("--ttl <time>", "how long it lives: 30d, 12h, 5m, or seconds (default: until it is revoked)", seconds)
    .option("--unsafe-allow-retrieve", UNSAFE_RETRIEVE);
  describeCommand(create, {
    summary: "Issue a grant for a secret: to the app itself, a user, a group or an agent",
    examples: [
      "alter-vault grants create 01890000-0000-7000-8000-000000000000 --label nightly-report --ttl 30d",
      "alter-vault grants create 01890000-0000-7000-8000-000000000000 --agent 01890000-0000-7000-8000-000000000001",
      "alter-vault grants create 01890000-0000-7000-8000-000000000000 --idp 01890000-0000-7000-8000-000000000002 --group staff --label Staff",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, options: CreateOptions, command: Command) => {
    const { ttl, unsafeAllowRetrieve } = options;
    const principal = principalOf(options);
    return withVault(cli, command, async (vault) => {
      const grant = await vault.call("createGrant", {
        id,
        body: {
          principal,
          allow_retrieve: unsafeAllowRetrieve === true,
          ...(ttl === undefined ? {} : { expires_in_seconds: ttl }),
        },
      });
      show(cli, command, grant, () => grantFields(grant));
    });
  });
}

/** The vault would say so too, but less plainly. */
function principalOf({ user, group, idp, agent, label }: CreateOptions): GrantCreate["principal"] {
  const named = [user, group, agent].filter((one) => one !== undefined);
  if (named.length > 1) throw usageError("--user, --group and --agent exclude each other");
  if ((group === undefined) !== (idp === undefined)) throw usageError("--group and --idp go together");
  if (agent !== undefined) return { type: "agent", agent_id: agent, ...(label === undefined ? {} : { label }) };
  if (user === undefined && group === undefined) return { type: "system", ...(label === undefined ? {} : { label }) };
  if (label === undefined) throw usageError("the label is missing", "Users read it: pass --label.");
  return group === undefined || idp === undefined
    ? { type: "user", user_id: user, label }
    : { type: "group", idp_id: idp, external_group_id: group, label };
}

interface UpdateOptions {
  readonly label?: string;
  readonly unsafeAllowRetrieve?: true;
  /** False with --no-retrieve; commander sets true when it is absent. */
  readonly retrieve: boolean;
}

function addUpdate(grants: Command, cli: Cli): void {
  const update = grants
    .command("update")
    .argument("<grant-id>")
    .option("--label <label>", "a new label")
    .option("--unsafe-allow-retrieve", UNSAFE_RETRIEVE)
    .option("--no-retrieve", "take that back");
  describeCommand(update, {
    summary: "Change the label of a grant, or whether it may be used in retrieve mode",
    examples: [
      "alter-vault grants update 01890000-0000-7000-8000-000000000001 --label weekly-report",
      "alter-vault grants update 01890000-0000-7000-8000-000000000001 --no-retrieve",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, { label, unsafeAllowRetrieve, retrieve }: UpdateOptions, command: Command) => {
    if (unsafeAllowRetrieve && !retrieve)
      throw usageError("--unsafe-allow-retrieve and --no-retrieve exclude each other");
    const allow = unsafeAllowRetrieve ? true : retrieve ? undefined : false;
    if (label === undefined && allow === undefined) {
      throw usageError("nothing to change: pass --label, --unsafe-allow-retrieve or --no-retrieve");
    }
    const body = {
      ...(label === undefined ? {} : { label }),
      ...(allow === undefined ? {} : { allow_retrieve: allow }),
    };
    return withVault(cli, command, async (vault) => {
      const grant = await vault.call("updateGrant", { id, body });
      show(cli, command, grant, () => grantFields(grant));
    });
  });
}

function addRefresh(grants: Command, cli: Cli): void {
  describeCommand(grants.command("refresh").argument("<grant-id>"), {
    summary: "Refresh the credential of a connected account now",
    examples: ["alter-vault grants refresh 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const grant = await vault.call("refreshGrant", { id });
      show(cli, command, grant, () => grantFields(grant));
    }),
  );
}

function grantFields(grant: Grant): string {
  return fields({
    grant_id: grant.grant_id,
    provider: grant.provider_id,
    secret_id: grant.secret_id,
    status: grant.status,
    label: grant.label,
    retrieve: grant.allow_retrieve,
    created: grant.created_at,
    expires: grant.expires_at,
    revoked: grant.revoked_at,
    ...(grant.grant_kind === "oauth" ? accountCells(grant) : {}),
  });
}

function accountCells(grant: Grant): Record<string, Cell> {
  return {
    account: grant.account_identifier,
    "account name": grant.account_display_name,
    credential: grant.credential_status,
    problem: grant.credential_problem,
    scopes: grant.scopes,
    "not granted": grant.missing_scopes,
    "token expires": grant.token_expires_at,
    refreshed: grant.last_refreshed_at,
  };
}
