import type { GrantData, GrantPolicy } from "@alter-vault/protocol";
import { checkVariable } from "@alter-vault/providers";
import type { Failure } from "../call.ts";
import { findEntry } from "../credential/oauth/catalogue.ts";
import { checkGrantData } from "../credential/oauth/grant-data.ts";
import type { ConnectableProvider, GrantWishes } from "../credential/oauth/engine.ts";
import { invalid } from "../invalid-input.ts";
import type { ConnectDeps } from "./connect.ts";

/** What every way of connecting checks before it begins. */
type Chosen = { readonly ok: true; readonly providers: readonly ConnectableProvider[] } | Failure;

/** By id or alias. None named: every provider that is configured. */
export async function chooseProviders(
  { engine, store }: Pick<ConnectDeps, "engine" | "store">,
  appId: string,
  wanted: readonly string[] | undefined,
): Promise<Chosen> {
  const connectable = await engine.connectable(appId);
  if (wanted === undefined) {
    if (connectable.length > 0) return { ok: true, providers: connectable };
    return { ok: false, code: "provider_not_configured", detail: "no provider is configured for this app" };
  }
  const chosen = new Set<ConnectableProvider>();
  for (const id of wanted) {
    const found = connectable.find(({ provider }) => provider.id === id || provider.aliases.includes(id));
    if (found) {
      chosen.add(found);
      continue;
    }
    const details = { provider_id: id };
    if (!(await findEntry(store, appId, id)))
      return { ok: false, code: "provider_not_found", detail: `there is no provider ${id}`, details };
    return { ok: false, code: "provider_not_configured", detail: `${id} is not configured for this app`, details };
  }
  return { ok: true, providers: [...chosen] };
}

/** Null when all is well. */
export function checkAsked(
  providers: readonly ConnectableProvider[],
  scopes: Readonly<Record<string, readonly string[]>>,
  variables: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Failure | null {
  for (const [id, asked] of Object.entries(scopes)) {
    const found = providers.find(({ provider }) => provider.id === id);
    if (!found) return invalidField(`required_scopes.${id}`, "is not among the providers of the session");
    const problem = checkScopes(found, asked);
    if (problem) return problem;
  }
  for (const [id, values] of Object.entries(variables)) {
    const found = providers.find(({ provider }) => provider.id === id);
    if (!found) return invalidField(`variables.${id}`, "is not among the providers of the session");
    const problem = checkVariables(found, values, `variables.${id}`);
    if (problem) return problem;
  }
  return null;
}

export function checkScopes({ provider, config }: ConnectableProvider, asked: readonly string[]): Failure | null {
  const { allowedScopes } = config;
  const refused = allowedScopes === null ? [] : asked.filter((scope) => !allowedScopes.includes(scope));
  if (refused.length === 0) return null;
  return {
    ok: false,
    code: "provider_scope_not_allowed",
    detail: `${refused.join(", ")} of ${provider.id} may not be asked for`,
    details: { provider_id: provider.id },
  };
}

/** An app may answer for the user, and not for the operator. */
export function checkVariables(
  { provider }: ConnectableProvider,
  values: Readonly<Record<string, string>>,
  path: string,
): Failure | null {
  for (const [name, value] of Object.entries(values)) {
    const variable = Object.hasOwn(provider.variables, name) ? provider.variables[name] : undefined;
    if (variable?.from !== "user")
      return invalidField(`${path}.${name}`, `is nothing that a user of ${provider.id} says`);
    const checked = checkVariable(variable, value);
    if (!checked.ok) return invalidField(`${path}.${name}`, checked.detail);
  }
  return null;
}

interface AskedWishes {
  readonly label?: string | undefined;
  readonly data?: GrantData | undefined;
  readonly grant_id?: string | undefined;
}

export function wishesOf(
  { clock }: Pick<ConnectDeps, "clock">,
  providers: readonly ConnectableProvider[],
  policy: GrantPolicy | undefined,
  { label, data, grant_id: grantId }: AskedWishes,
): { readonly ok: true; readonly wishes: GrantWishes } | Failure {
  for (const { config } of data ? providers : []) {
    const issues = checkGrantData(config.grantSchema, data ?? {});
    if (issues.length > 0) return invalid("grant_data_invalid", issues);
  }
  if (policy?.expires_at !== undefined && Date.parse(policy.expires_at) <= clock.now()) {
    return invalidField("grant_policy.expires_at", "is over already");
  }
  return { ok: true, wishes: { policy: policy ?? null, label, data, grantId } };
}

export function invalidField(path: string, message: string): Failure {
  return invalid("invalid_request", [{ path, message }]);
}
