import { IDP_ALGORITHMS, IDP_PRESETS, type IdentityProvider, type IdpClaims } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { addIdpScimToken, addIdpWebhook } from "./idp-directory.ts";
import { withVault } from "./open-vault.ts";
import { repeated, repeatedChoice } from "./options.ts";
import { requireYes } from "./read-line.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

type Preset = (typeof IDP_PRESETS)[number];
type Algorithm = (typeof IDP_ALGORITHMS)[number];

/** `alter-vault idp`: whose tokens an app trusts to say who its end users are. */
export function addIdp(program: Command, cli: Cli): void {
  const idp = describeCommand(program.command("idp"), {
    summary: "Say whose tokens tell who the end users are: identity providers, their notices, SCIM",
    examples: [
      "alter-vault idp discover https://example.eu.auth0.com/",
      "alter-vault idp add https://example.eu.auth0.com/ --audience https://api.example.com",
    ],
  });
  addDiscover(idp, cli);
  addAdd(idp, cli);
  addList(idp, cli);
  addShow(idp, cli);
  addUpdate(idp, cli);
  addRemove(idp, cli);
  addIdpWebhook(idp, cli);
  addIdpScimToken(idp, cli);
}

const preset = (): Option =>
  new Option("--preset <preset>", "where its tokens keep what (default: recognised by the issuer)").choices(
    IDP_PRESETS,
  );

function addDiscover(idp: Command, cli: Cli): void {
  describeCommand(idp.command("discover").argument("<issuer>").addOption(preset()), {
    summary: "Look at what an issuer says about itself; nothing is stored",
    examples: ["alter-vault idp discover https://accounts.google.com"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((issuer: string, options: { preset?: Preset }, command: Command) =>
    withVault(cli, command, async (vault) => {
      const preview = await vault.call("discoverIdentityProvider", {
        body: { issuer, ...(options.preset === undefined ? {} : { preset: options.preset }) },
      });
      const { claims, notes, ...about } = preview;
      show(cli, command, preview, () =>
        [fields({ ...about, ...claimFields(claims) }), ...notes.map((note) => `\n${note}\n`)].join(""),
      );
    }),
  );
}

interface Settings {
  readonly name?: string;
  readonly audience?: readonly string[];
  readonly authorizedParty?: readonly string[];
  readonly algorithm?: readonly Algorithm[];
  readonly userIdClaim?: string;
  readonly emailClaim?: string;
  readonly nameClaim?: string;
  readonly groupsClaim?: string;
  /** False with --no-groups; commander sets true when it is absent. */
  readonly groups: boolean;
  readonly clientId?: string;
}

function withSettings(command: Command): Command {
  return command
    .option("--name <name>", "what to call it")
    .option("--audience <audience>", "tokens must be for one of these; may come more than once", repeated)
    .option(
      "--authorized-party <party>",
      "and issued to one of these (azp, or client_id); may come more than once (default: anybody)",
      repeated,
    )
    .option(
      "--algorithm <algorithm>",
      `how tokens may be signed; may come more than once (default: as the issuer says): ${IDP_ALGORITHMS.join(", ")}`,
      repeatedChoice(IDP_ALGORITHMS),
    )
    .option("--user-id-claim <claim>", "who it is, for good: a claim, or a JSON Pointer such as /user/id")
    .option("--email-claim <claim>", "the address to show")
    .option("--name-claim <claim>", "the name to show")
    .option("--groups-claim <claim>", "the groups a user is in")
    .option("--no-groups", "tokens say nothing about groups")
    .option("--client-id <id>", "for signing users in with authenticate()");
}

function bodyOf(options: Settings): {
  name?: string;
  audiences?: string[];
  authorized_parties?: string[];
  algorithms?: Algorithm[];
  claims?: Partial<IdpClaims>;
  client_id?: string;
} {
  const { name, audience, authorizedParty, algorithm, clientId, groupsClaim, groups } = options;
  if (groupsClaim !== undefined && !groups) throw usageError("--groups-claim and --no-groups exclude each other");
  const claims = {
    ...(options.userIdClaim === undefined ? {} : { user_id: options.userIdClaim }),
    ...(options.emailClaim === undefined ? {} : { email: options.emailClaim }),
    ...(options.nameClaim === undefined ? {} : { name: options.nameClaim }),
    ...(groups ? {} : { groups: null }),
    ...(groupsClaim === undefined ? {} : { groups: groupsClaim }),
  };
  return {
    ...(name === undefined ? {} : { name }),
    ...(audience === undefined ? {} : { audiences: [...audience] }),
    ...(authorizedParty === undefined ? {} : { authorized_parties: [...authorizedParty] }),
    ...(algorithm === undefined ? {} : { algorithms: [...algorithm] }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    ...(clientId === undefined ? {} : { client_id: clientId }),
  };
}

function addAdd(idp: Command, cli: Cli): void {
  const add = withSettings(idp.command("add").argument("<issuer>").addOption(preset()));
  describeCommand(add, {
    summary: "Trust the tokens of an issuer; its users are made when they are first seen",
    notes: "At least one --audience is needed: a token that is for somebody else says nothing to this app.",
    examples: [
      "alter-vault idp add https://example.okta.com/oauth2/default --audience api://default",
      "alter-vault idp add https://sso.example.com/realms/main --audience vault --groups-claim /realm_access/roles",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((issuer: string, options: Settings & { preset?: Preset }, command: Command) => {
    const { audiences, ...settings } = bodyOf(options);
    if (!audiences) throw usageError("the audience is missing", "Pass --audience, as the issuer puts it into `aud`.");
    return withVault(cli, command, async (vault) => {
      const body = {
        issuer,
        audiences,
        ...settings,
        ...(options.preset === undefined ? {} : { preset: options.preset }),
      };
      const made = await vault.call("createIdentityProvider", { body });
      show(cli, command, made, () => idpFields(made));
    });
  });
}

function addList(idp: Command, cli: Cli): void {
  describeCommand(idp.command("list"), {
    summary: "List identity providers",
    examples: ["alter-vault idp list", "alter-vault idp list --json"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((_options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listIdentityProviders");
      const rows = answer.identity_providers.map((one) => [
        one.idp_id,
        one.name,
        one.issuer,
        one.audiences,
        one.status,
        one.webhook,
        one.scim_enabled,
      ]);
      show(cli, command, answer, () =>
        table(["IDP ID", "NAME", "ISSUER", "AUDIENCES", "STATUS", "WEBHOOK", "SCIM"], rows),
      );
    }),
  );
}

function addShow(idp: Command, cli: Cli): void {
  describeCommand(idp.command("show").argument("<idp-id>"), {
    summary: "Show one identity provider, with the addresses for its notices and for SCIM",
    examples: ["alter-vault idp show 01890000-0000-7000-8000-000000000001"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const found = await vault.call("getIdentityProvider", { id });
      show(cli, command, found, () => idpFields(found));
    }),
  );
}

function addUpdate(idp: Command, cli: Cli): void {
  const update = withSettings(idp.command("update").argument("<idp-id>"))
    .option("--disable", "accept no token of it, until it is enabled again")
    .option("--enable", "accept its tokens again");
  describeCommand(update, {
    summary: "Change audiences, claims or state; what was verified before counts no longer",
    notes: "Lists take the place of what was there. The claim that tells who somebody is stays once a user was seen.",
    examples: [
      "alter-vault idp update 01890000-0000-7000-8000-000000000001 --audience vault --audience vault-staging",
      "alter-vault idp update 01890000-0000-7000-8000-000000000001 --disable",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, options: Settings & { disable?: true; enable?: true }, command: Command) => {
    const { disable, enable } = options;
    if (disable && enable) throw usageError("--disable and --enable exclude each other");
    const status = disable ? ("disabled" as const) : enable ? ("active" as const) : undefined;
    const body = { ...bodyOf(options), ...(status === undefined ? {} : { status }) };
    if (Object.keys(body).length === 0) throw usageError("nothing to change");
    return withVault(cli, command, async (vault) => {
      const changed = await vault.call("updateIdentityProvider", { id, body });
      show(cli, command, changed, () => idpFields(changed));
    });
  });
}

function addRemove(idp: Command, cli: Cli): void {
  describeCommand(idp.command("remove").argument("<idp-id>").option("--yes", "do not ask"), {
    summary: "Trust it no longer: all of its users are deleted, and their accounts are revoked",
    notes: "To shut its users out for a while only, use `idp update --disable`.",
    examples: ["alter-vault idp remove 01890000-0000-7000-8000-000000000001 --yes"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (id: string, { yes }: { yes?: true }, command: Command) => {
    await requireYes(cli, yes, `Remove identity provider ${id} and all of its users?`, "removing cannot be undone");
    await withVault(cli, command, async (vault) => {
      const removed = await vault.call("deleteIdentityProvider", { id });
      show(cli, command, removed, () => `Removed.\n${idpFields(removed)}`);
    });
  });
}

export function idpFields(idp: IdentityProvider): string {
  const { claims, client_id, ...about } = idp;
  return fields({ ...about, client_id, ...claimFields(claims) });
}

function claimFields({ user_id, email, name, groups }: IdpClaims): Record<string, string | null> {
  return { "user id claim": user_id, "email claim": email, "name claim": name, "groups claim": groups };
}
