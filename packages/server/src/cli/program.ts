import { Command } from "commander";
import { VERSION } from "../version.ts";
import { addAgents } from "./agents.ts";
import { addApiKeys } from "./api-keys.ts";
import { addApprovals } from "./approvals.ts";
import { addApps } from "./apps.ts";
import { addAudit } from "./audit.ts";
import type { Cli } from "./cli.ts";
import { addConnect } from "./connect.ts";
import { addGlobalOptions, describeCommand } from "./describe-command.ts";
import { addDelegations } from "./delegations.ts";
import { addDev } from "./dev.ts";
import { addDoctor } from "./doctor.ts";
import { addExport } from "./export.ts";
import { addGrants } from "./grants.ts";
import { addIdp } from "./idp.ts";
import { addImport } from "./import.ts";
import { addInit } from "./init.ts";
import { addKeys } from "./keys.ts";
import { addOpenApi } from "./openapi.ts";
import { addProviders } from "./providers.ts";
import { addPolicy } from "./policy.ts";
import { addSecrets } from "./secrets.ts";
import { addServe } from "./serve.ts";
import { addUsers } from "./users.ts";

/** The whole command line, ready to parse. Throws CommanderError instead of ending the process. */
export function createProgram(cli: Cli): Command {
  const program = addGlobalOptions(new Command("alter-vault"))
    .version(VERSION, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for the options and examples)");
  describeCommand(program, {
    summary: "The vault for the credentials of AI agents",
    notes: "Exit codes: 0 done, 1 error, 2 usage, 3 not allowed, 4 not found, 5 conflict, 6 rate limited.",
    examples: [
      "alter-vault dev",
      'printf %s "$TOKEN" | alter-vault secrets create --name github --kind bearer --value-stdin --allow-host api.github.com',
      "alter-vault audit list",
    ],
    environment: {
      ALTER_VAULT_DATA: "the data directory (default: .alter-vault)",
      ALTER_VAULT_URL: "the vault to talk to",
      ALTER_VAULT_API_KEY: "the API key to sign with",
      NO_COLOR: "no colours",
    },
  });
  for (const add of [
    addDev,
    addServe,
    addInit,
    addDoctor,
    addSecrets,
    addProviders,
    addConnect,
    addGrants,
    addApps,
    addApiKeys,
    addIdp,
    addUsers,
    addAgents,
    addDelegations,
    addPolicy,
    addApprovals,
    addAudit,
    addKeys,
    addExport,
    addImport,
    addOpenApi,
  ]) {
    add(program, cli);
  }
  return program;
}
