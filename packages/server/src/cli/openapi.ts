import { openApiDocument } from "@alter-vault/protocol";
import type { Command } from "commander";
import { VERSION } from "../version.ts";
import type { Cli } from "./cli.ts";
import { describeCommand, globalOptions } from "./describe-command.ts";

/** `alter-vault openapi`: needs no vault, the document is part of the program. */
export function addOpenApi(program: Command, cli: Cli): void {
  describeCommand(program.command("openapi"), {
    summary: "Print the OpenAPI document of the vault",
    examples: ["alter-vault openapi > openapi.json"],
  }).action((_options: object, command: Command) => {
    const document = openApiDocument(VERSION);
    cli.stdout.write(`${JSON.stringify(document, null, globalOptions(command).json ? undefined : 2)}\n`);
  });
}
