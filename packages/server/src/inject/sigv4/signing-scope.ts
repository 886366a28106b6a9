import { scopeOfHost, type HostScope } from "./scope-of-host.ts";

interface Named {
  readonly region?: string | undefined;
  readonly service?: string | undefined;
}

type SigningScope =
  | { readonly ok: true; readonly region: string; readonly service: string }
  | { readonly ok: false; readonly detail: string };

/** Whether it can stand in a credential scope: nothing that would end its place there. */
export function isScopeName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}

/**
 * For which region and service to sign. Each is taken from the first that says it: the operator's rule, the host name,
 * the caller. So a caller can help with a host that says nothing (a proxy, an S3-compatible store), and can never
 * make a signature for another service than the one the call goes to; what it says against the host does not count.
 */
export function signingScope(rule: Named, host: string, caller: Named): SigningScope {
  const named: HostScope = scopeOfHost(host);
  const region = rule.region ?? named.region ?? caller.region;
  const service = rule.service ?? named.service ?? caller.service;
  const missing = [region === undefined ? "region" : "", service === undefined ? "service" : ""].filter(Boolean);
  if (region === undefined || service === undefined) {
    const what = missing.join(" and ");
    return refuse(`The host does not say the AWS ${what}. Set ${what} in the call's sigv4 options, or in the secret.`);
  }
  if (!isScopeName(region)) return refuse("The AWS region is not a region name.");
  if (!isScopeName(service)) return refuse("The AWS service is not a service name.");
  return { ok: true, region, service };
}

function refuse(detail: string): SigningScope {
  return { ok: false, detail };
}
