import type { GrantPolicy as WirePolicy } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";

/** For how long a grant may live. */
export interface GrantPolicy {
  /** Nobody can make the grant live longer than this. */
  readonly maxTtlSeconds?: number | undefined;
  /** How long it lives unless somebody chooses otherwise. */
  readonly defaultTtlSeconds?: number | undefined;
  /** ISO 8601. */
  readonly expiresAt?: string | undefined;
}

/** The same as an option. The snake_case names are the older ones. */
export interface GrantPolicyInput extends Omit<GrantPolicy, "expiresAt"> {
  readonly expiresAt?: string | Date | undefined;
  readonly max_ttl_seconds?: number | undefined;
  readonly default_ttl_seconds?: number | undefined;
}

export interface GrantPolicyOptions {
  /** Bounds for how long the grant lives. Default: it lives until somebody revokes it. */
  readonly grantPolicy?: GrantPolicyInput | undefined;
  /** The older name of `grantPolicy`. */
  readonly connectionPolicy?: GrantPolicyInput | undefined;
}

export const GRANT_POLICY_OPTION_NAMES: readonly string[] = ["grantPolicy", "connectionPolicy"];

const KNOWN = ["maxTtlSeconds", "defaultTtlSeconds", "expiresAt", "max_ttl_seconds", "default_ttl_seconds"];

export function grantPolicyInfo(policy: WirePolicy | null): GrantPolicy | null {
  if (policy === null) return null;
  const { max_ttl_seconds: maxTtlSeconds, default_ttl_seconds: defaultTtlSeconds, expires_at: expiresAt } = policy;
  return {
    ...(maxTtlSeconds === undefined ? {} : { maxTtlSeconds }),
    ...(defaultTtlSeconds === undefined ? {} : { defaultTtlSeconds }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** The policy the options name, or undefined. The values themselves are checked with the whole body. */
export function grantPolicyToWire({ grantPolicy, connectionPolicy }: GrantPolicyOptions): WirePolicy | undefined {
  const policy = oneOf("grantPolicy", grantPolicy, "connectionPolicy", connectionPolicy);
  if (policy === undefined) return undefined;
  if (typeof policy !== "object" || policy === null) {
    throw new AlterValueError('Option "grantPolicy" must be an object, such as { maxTtlSeconds: 86400 }.');
  }
  checkKnownNames(policy, KNOWN);
  return {
    max_ttl_seconds: oneOf("maxTtlSeconds", policy.maxTtlSeconds, "max_ttl_seconds", policy.max_ttl_seconds),
    default_ttl_seconds: oneOf(
      "defaultTtlSeconds",
      policy.defaultTtlSeconds,
      "default_ttl_seconds",
      policy.default_ttl_seconds,
    ),
    expires_at: isoTime("expiresAt", policy.expiresAt),
  };
}

/** A time as the wire has it. Throws AlterValueError for a Date that is none. */
export function isoTime(name: string, value: string | Date | undefined): string | undefined {
  if (!(value instanceof Date)) return value;
  if (Number.isNaN(value.getTime())) throw new AlterValueError(`Option "${name}" is not a valid Date.`);
  return value.toISOString();
}

function oneOf<Value>(
  name: string,
  value: Value | undefined,
  olderName: string,
  older: Value | undefined,
): Value | undefined {
  if (value !== undefined && older !== undefined) {
    throw new AlterValueError(`"${name}" and "${olderName}" are two names of one thing. Keep "${name}".`);
  }
  return value ?? older;
}
