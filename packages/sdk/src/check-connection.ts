/**
 * Pre-flight: whether a call could be made, before a long run begins. It looks at the grants of the app, calls no
 * provider, and promises nothing: a rule may still deny the call, and a grant may end a moment later.
 */
import { actionFor, type ActionOptions, type ActionRequired } from "./adapter-action.ts";
import { checkText } from "./call-defaults.ts";
import type { Core } from "./core.ts";
import { AlterValueError, AmbiguousGrantError, GrantNotFoundError, ReAuthRequiredError } from "./errors.ts";
import { ScopeReauthRequiredError } from "./errors.ts";
import type { GrantInfo } from "./grant-info.ts";
import { iterateGrants } from "./grants.ts";
import { checkKnownNames } from "./known-names.ts";

/** What a run is going to need. */
export interface ConnectionNeed {
  readonly provider: string;
  /** The account must have granted all of them. A managed secret has no scopes and is not asked. */
  readonly scopes?: readonly string[] | undefined;
  readonly account?: string | undefined;
}

export type ConnectionCheck =
  | { readonly ok: true; readonly grantId: string; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly action: ActionRequired };

export async function checkConnection(
  core: Core,
  need: ConnectionNeed,
  options: ActionOptions = {},
): Promise<ConnectionCheck> {
  checkKnownNames(need, ["provider", "scopes", "account"], { providerId: "provider", requiredScopes: "scopes" });
  const { provider, scopes = [], account } = need;
  checkText("provider", provider, 100);
  if (!Array.isArray(scopes)) throw new AlterValueError('Option "scopes" must be a list of texts.');
  const grants: GrantInfo[] = [];
  for await (const grant of iterateGrants(core, { providerId: provider, status: "active", ...route(options) })) {
    if (account === undefined || account === grant.accountIdentifier) grants.push(grant);
  }
  const usable = grants.filter((grant) => lack(grant, scopes).length === 0 && isAlive(grant));
  const [chosen, other] = usable;
  if (chosen === undefined) return { ok: false, action: await actionOf(core, need, grants, options) };
  if (other !== undefined) {
    const accountIdentifiers = usable.flatMap(({ accountIdentifier: name }) => (name === null ? [] : [name]));
    throw new AmbiguousGrantError("More than one grant matches. Pass `account`.", {
      providerId: provider,
      accountIdentifiers,
    });
  }
  return { ok: true, grantId: chosen.grantId, scopes: chosen.scopes };
}

async function actionOf(
  core: Core,
  { provider, scopes = [] }: ConnectionNeed,
  grants: readonly GrantInfo[],
  options: ActionOptions,
): Promise<ActionRequired> {
  const [grant] = grants;
  const error = grant === undefined ? notConnected(provider) : whyNot(grant, scopes);
  const action = await actionFor(core, error, options);
  if (action === null) throw error;
  return { ...action, missingScopes: grant === undefined ? scopes : action.missingScopes };
}

function notConnected(providerId: string): GrantNotFoundError {
  return new GrantNotFoundError("No account of the provider is connected.", { providerId });
}

function whyNot(grant: GrantInfo, scopes: readonly string[]): ReAuthRequiredError | ScopeReauthRequiredError {
  const { grantId, providerId } = grant;
  if (!isAlive(grant)) return new ReAuthRequiredError("The user must connect again.", { grantId, providerId });
  const missingScopes = lack(grant, scopes);
  return new ScopeReauthRequiredError("The grant lacks scopes.", { grantId, providerId, missingScopes });
}

function isAlive({ credentialStatus }: GrantInfo): boolean {
  return credentialStatus !== "reauth_required";
}

function lack({ grantKind, scopes: granted }: GrantInfo, scopes: readonly string[]): string[] {
  return grantKind === "oauth" ? scopes.filter((scope) => !granted.includes(scope)) : [];
}

function route({ signal, timeout }: ActionOptions): Pick<ActionOptions, "signal" | "timeout"> {
  return { signal, timeout };
}
