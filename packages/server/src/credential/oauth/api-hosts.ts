import type { ProviderClient, Variables } from "./provider-client.ts";
import { fill } from "./provider-client.ts";

/** The hosts that may see a credential of this provider, with the variables of the grant filled in. */
export function apiHosts(
  client: Pick<ProviderClient, "provider" | "config" | "clientId" | "allowLoopback">,
  variables: Variables,
): readonly string[] {
  const { provider, config } = client;
  if (!provider.api.hosts.some((host) => host.includes("{"))) return provider.api.hosts;
  const hosts = provider.api.hosts.flatMap((template) => {
    const filled = fill(client, template, variables);
    return filled.ok ? [filled.text] : [];
  });
  // The same list each time, so that what is made of it (a compiled check) is made once.
  const key = `${provider.id}\n${config.id}\n${hosts.join("\n")}`;
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, hosts);
  return hosts;
}

const MOST_KEPT = 1_000;
const kept = new Map<string, readonly string[]>();
