import { SCOPES, type AgentKeyCreate, type Scope } from "@alter-vault/protocol";
import type { Command } from "commander";
import { integer, repeated, repeatedChoice, seconds } from "./options.ts";

/** What a key is bound to, as options. */
export interface KeyOptions {
  readonly keyScope?: readonly Scope[];
  readonly cidr?: readonly string[];
  readonly rate?: number;
  readonly ttl?: number;
}

export function withConstraints(command: Command): Command {
  return command
    .option("--cidr <range>", "where the key may be used from, as in 10.0.0.0/8; may come more than once", repeated)
    .option("--rate <count>", "how many requests a minute it may make", integer);
}

export function withKeyOptions(command: Command): Command {
  return withConstraints(command)
    .option(
      "--key-scope <scope>",
      "what the key may do; may come more than once (default: all that an agent's key may)",
      repeatedChoice(SCOPES),
    )
    .option("--ttl <time>", "how long the key lives: 30d, 12h, 5m, or seconds (default: until it is revoked)", seconds);
}

export function constraintsOf({ cidr, rate }: Pick<KeyOptions, "cidr" | "rate">): {
  constraints?: NonNullable<AgentKeyCreate["constraints"]>;
} {
  if (cidr === undefined && rate === undefined) return {};
  return {
    constraints: {
      ...(cidr === undefined ? {} : { cidrs: [...cidr] }),
      ...(rate === undefined ? {} : { requests_per_minute: rate }),
    },
  };
}

export function keyConstraints({ keyScope, ttl, ...bound }: KeyOptions): AgentKeyCreate {
  return {
    ...(keyScope === undefined ? {} : { scopes: [...keyScope] }),
    ...constraintsOf(bound),
    ...(ttl === undefined ? {} : { expires_in_seconds: ttl }),
  };
}
