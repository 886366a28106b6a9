import { SECRET_KINDS, type SecretCreated } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { buildInjection, type InjectionOptions } from "./injection-options.ts";
import { withVault } from "./open-vault.ts";
import { repeated } from "./options.ts";
import { printable } from "./printable.ts";
import { parseSecretMaterial, refuseValueInArgv, addValueOptions } from "./secret-material.ts";
import { readSecretInput, type ValueSource } from "./secret-input.ts";
import { VALUE_FORMATS, type SecretKind } from "./secret-value.ts";
import { show } from "./show.ts";
import { fields } from "./table.ts";

interface CreateOptions extends ValueSource, InjectionOptions {
  readonly name: string;
  readonly kind: SecretKind;
  readonly allowHost: readonly string[];
  readonly provider?: string;
  readonly label?: string;
  readonly value?: string;
}

const NOTES = `How the value is written, by kind:
${SECRET_KINDS.map((kind) => `  ${kind.padEnd(8)} ${VALUE_FORMATS[kind]}`).join("\n")}`;

/** `alter-vault secrets create`. */
export function addSecretCreate(secrets: Command, cli: Cli): void {
  const create = addValueOptions(
    secrets
      .command("create")
      .requiredOption("--name <name>", "name of the secret")
      .addOption(new Option("--kind <kind>", "what the credential is").choices(SECRET_KINDS).makeOptionMandatory()),
  )
    .requiredOption(
      "--allow-host <host>",
      "host that may see the credential: api.example.com, *.example.com; may come more than once",
      repeated,
    )
    .option("--provider <slug>", "what calls name it by (default: made from the name)")
    .option("--label <label>", "label of the grant that is issued with it")
    .option("--header <name>", "api-key: the header it travels in (default: x-api-key)")
    .option("--query <name>", "api-key: the query parameter it travels in")
    .option("--prefix <word>", "api-key: word before the key, as in `Authorization: Token …`")
    .option("--region <region>", "sigv4: region (default: from the host)")
    .option("--service <service>", "sigv4: service (default: from the host)")
    .option(
      "--header-template <template>",
      "custom: a header, as in 'X-Key: {field}'; may come more than once",
      repeated,
    )
    .option(
      "--query-template <template>",
      "custom: a query parameter, as in 'name={field}'; may come more than once",
      repeated,
    );
  describeCommand(create, {
    summary: "Store a credential, and issue a grant for it",
    notes: NOTES,
    examples: [
      'printf %s "$TOKEN" | alter-vault secrets create --name github --kind bearer --value-stdin --allow-host api.github.com',
      "alter-vault secrets create --name maps --kind api-key --query key --value-file key.txt --allow-host maps.example.com",
      "alter-vault secrets create --name legacy --kind basic --value-file login.txt --allow-host api.example.com",
      "alter-vault secrets create --name s3 --kind sigv4 --value-file aws.json --allow-host '*.amazonaws.com'",
      "alter-vault secrets create --name pair --kind custom --value-file pair.json --header-template 'X-Id: {id}' --header-template 'X-Key: {key}' --allow-host api.example.com",
    ],
    environment: CONNECTION_ENVIRONMENT,
  }).action(async (options: CreateOptions, command: Command) => {
    refuseValueInArgv(options);
    const built = buildInjection(options.kind, options);
    if (!built.ok) throw usageError(built.detail);
    const value = parseSecretMaterial(
      cli,
      options.kind,
      await readSecretInput(cli, options, VALUE_FORMATS[options.kind]),
    );
    const { name, provider, label, allowHost } = options;
    await withVault(cli, command, async (vault) => {
      const secret = await vault.call("createSecret", {
        body: {
          name,
          injection: built.injection,
          value,
          allowed_hosts: [...allowHost],
          ...(provider === undefined ? {} : { provider }),
          ...(label === undefined ? {} : { label }),
        },
      });
      show(cli, command, { ...secret, example: exampleCall(secret) }, () => createdText(secret));
    });
  });
}

function createdText(secret: SecretCreated): string {
  const facts = fields({
    secret_id: secret.secret_id,
    grant_id: secret.grant_id,
    name: secret.name,
    provider: secret.provider,
    kind: secret.kind,
    hosts: secret.allowed_hosts,
  });
  return `Stored. The value cannot be read back.\n\n${facts}\nUse it:\n  ${printable(exampleCall(secret))}\n`;
}

/** A call that uses the new grant, ready to be pasted. */
function exampleCall({ grant_id, allowed_hosts: [first = "api.example.com"] }: SecretCreated): string {
  const origin = /^https?:\/\//.test(first) ? first : `https://${first.replace(/^\*\./, "api.")}`;
  return `await vault.request("GET", "${origin}/", { grantId: "${grant_id}" });`;
}
