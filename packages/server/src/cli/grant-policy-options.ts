import type { GrantPolicy } from "@alter-vault/protocol";
import type { Command } from "commander";
import { seconds } from "./options.ts";

/** The options that bound the life of a grant which is connected. */
export interface PolicyOptions {
  readonly ttl?: number;
  readonly maxTtl?: number;
}

export function addPolicyOptions(command: Command): Command {
  return command
    .option(
      "--ttl <time>",
      "how long the grant lives: 30d, 12h, 5m, or seconds (default: until it is revoked)",
      seconds,
    )
    .option("--max-ttl <time>", "how long it may live at most", seconds);
}

export function policyOf({ ttl, maxTtl }: PolicyOptions): GrantPolicy | undefined {
  if (ttl === undefined && maxTtl === undefined) return undefined;
  return {
    ...(ttl === undefined ? {} : { default_ttl_seconds: ttl }),
    ...(maxTtl === undefined ? {} : { max_ttl_seconds: maxTtl }),
  };
}
