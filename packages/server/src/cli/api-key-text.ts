import type { ApiKey, ApiKeyCreated } from "@alter-vault/protocol";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { globalOptions } from "./describe-command.ts";
import { show } from "./show.ts";
import { fields, table } from "./table.ts";

/** API keys, as text for people. */
export function keyTable(keys: readonly ApiKey[]): string {
  const rows = keys.map((key) => [
    key.key_id,
    key.name,
    key.status,
    key.agent_id,
    key.scopes,
    boundTo(key),
    key.created_at,
    key.expires_at,
  ]);
  return table(["KEY ID", "NAME", "STATE", "AGENT ID", "SCOPES", "BOUND TO", "CREATED", "EXPIRES"], rows);
}

export function keyFields(key: ApiKey): string {
  return fields({
    key_id: key.key_id,
    name: key.name,
    state: key.status,
    agent_id: key.agent_id,
    scopes: key.scopes,
    "bound to": boundTo(key),
    expires: key.expires_at,
    revoked: key.revoked_at,
  });
}

/** A key that was just made is shown this once. */
export function createdKeyText(cli: Cli, command: Command, key: ApiKeyCreated): void {
  show(cli, command, key, () => fields({ api_key: key.api_key }) + keyFields(key));
  if (globalOptions(command).json) return;
  cli.stderr.write("Keep the key now: it is shown this once, and the vault does not know it.\n");
}

function boundTo({ cidrs, requests_per_minute }: ApiKey): string[] {
  const rate = requests_per_minute === null ? [] : [`${requests_per_minute} requests a minute`];
  return [...(cidrs ?? []), ...rate];
}
