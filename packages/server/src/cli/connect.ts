import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { addConnectDevice } from "./connect-device.ts";
import { addConnectLink } from "./connect-link.ts";
import { addConnectSettings } from "./connect-settings.ts";
import { describeCommand } from "./describe-command.ts";

/** `alter-vault connect`: how users connect their accounts. */
export function addConnect(program: Command, cli: Cli): void {
  const connect = describeCommand(program.command("connect"), {
    summary: "Make links by which users connect their accounts, and say where they may return to",
    examples: [
      "alter-vault connect link --provider google --open --wait",
      "alter-vault connect settings --return-url https://app.example.com/connected",
    ],
  });
  addConnectLink(connect, cli);
  addConnectDevice(connect, cli);
  addConnectSettings(connect, cli);
}
