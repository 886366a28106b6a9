import { resolveProviderId } from "@alter-vault/providers";

/**
 * One name for a provider: a rule about `gmail` is about `google`, and so is a secret that was stored under that name.
 * Otherwise the other name would be the way around the rule.
 */
export function providerName(name: string): string {
  const lower = name.toLowerCase();
  return resolveProviderId(lower) ?? lower;
}
