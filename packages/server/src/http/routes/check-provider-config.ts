import { createPrivateKey } from "node:crypto";
import type { ProviderConfigPut } from "@alter-vault/protocol";
import { checkVariable, type Provider } from "@alter-vault/providers";
import type { z } from "zod";
import type { Failure } from "../../call.ts";
import { checkGrantSchema } from "../../credential/oauth/grant-schema.ts";
import { requiredVariables } from "../../credential/oauth/required-variables.ts";
import type { ProviderConfigRecord } from "../../store/provider-records.ts";
import { invalid, type Issue } from "./route-handler.ts";

export type ConfigBody = z.output<typeof ProviderConfigPut>;

/**
 * Holds what an operator says of an app at a provider against the provider's entry. Everything that is wrong is said at
 * once, by field, and never with a part of a secret. Codes: `invalid_request`, `provider_scope_not_allowed`.
 */
export function checkProviderConfig(
  provider: Provider,
  body: ConfigBody,
  stored: ProviderConfigRecord | null,
  allowLoopback: boolean,
): { readonly ok: true; readonly variables: Readonly<Record<string, string>> } | Failure {
  const checked = checkVariables(provider, body, allowLoopback);
  const schema = body.grant_schema === null ? [] : checkGrantSchema(body.grant_schema);
  const issues = [
    ...checked.issues,
    ...checkClient(provider, body, stored),
    ...checkRedirectUri(provider, body.redirect_uri),
    ...schema.map(({ path, message }) => ({ path: `grant_schema.${path}`, message })),
  ];
  if (issues.length > 0) return invalid("invalid_request", issues);
  return checkScopes(provider, body) ?? { ok: true, variables: checked.values };
}

function checkVariables(
  provider: Provider,
  { variables }: ConfigBody,
  allowLoopback: boolean,
): { issues: Issue[]; values: Record<string, string> } {
  const issues: Issue[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const path = `variables.${name}`;
    const variable = Object.hasOwn(provider.variables, name) ? provider.variables[name] : undefined;
    if (!variable) issues.push({ path, message: `${provider.name} has no variable of this name` });
    else if (variable.from !== "operator") issues.push({ path, message: `comes from the ${variable.from}, not here` });
    else {
      const result = checkVariable(variable, value, { allowLoopback });
      if (result.ok) values[name] = result.value;
      else issues.push({ path, message: result.detail });
    }
  }
  for (const name of requiredVariables(provider, "operator")) {
    if (Object.hasOwn(variables, name)) continue;
    const { label = name, example = "" } = provider.variables[name] ?? {};
    issues.push({ path: `variables.${name}`, message: `is missing: ${label}, as in ${example}` });
  }
  return { issues, values };
}

function checkClient(provider: Provider, body: ConfigBody, stored: ProviderConfigRecord | null): Issue[] {
  const issues: Issue[] = [];
  const { clientAuth } = provider.token;
  const signs = clientAuth === "private_key_jwt" || provider.kind === "github-app" || provider.kind === "jwt-bearer";
  const hasKey = body.private_key !== undefined || stored?.hasPrivateKey === true;
  const hasSecret = body.client_secret !== undefined || stored?.hasClientSecret === true;
  if (signs && !hasKey) {
    issues.push({ path: "private_key", message: `is missing: ${provider.name} wants requests signed with it` });
  }
  if ((clientAuth === "basic" || clientAuth === "post") && provider.kind !== "jwt-bearer" && !hasSecret) {
    issues.push({ path: "client_secret", message: `is missing: ${provider.name} asks for it` });
  }
  if (body.private_key !== undefined && !isPrivateKey(body.private_key)) {
    issues.push({
      path: "private_key",
      message: "is not a PEM private key (RSA, EC P-256 or Ed25519), without a passphrase",
    });
  }
  if (body.private_key_id !== undefined && !hasKey) {
    issues.push({ path: "private_key_id", message: "names a key, and there is none" });
  }
  return issues;
}

function isPrivateKey(pem: string): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPrivateKey(pem);
    return type === "rsa" || type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1");
  } catch {
    // What the parser says about a key is for nobody's eyes.
    return false;
  }
}

/** What is registered at the provider: an address, but where the provider wants a name in its place. */
function checkRedirectUri(provider: Provider, redirectUri: string | undefined): Issue[] {
  const path = "redirect_uri";
  if (provider.authorize?.redirect === "registered-name") {
    const message = `is missing: ${provider.name} wants the name that it gave to the registered address`;
    return redirectUri === undefined ? [{ path, message }] : [];
  }
  if (redirectUri === undefined) return [];
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : null;
  const plain = url && /^https?:$/.test(url.protocol) && url.hash === "" && url.username === "" && url.password === "";
  return plain ? [] : [{ path, message: "is not an http or https URL without a fragment" }];
}

function checkScopes(provider: Provider, body: ConfigBody): Failure | null {
  const { allowed_scopes: allowed, default_scopes: usual } = body;
  const beyond = allowed === null ? [] : usual.filter((scope) => !allowed.includes(scope));
  if (beyond.length === 0) return null;
  return {
    ok: false,
    code: "provider_scope_not_allowed",
    detail: `asked for by default, and not among the allowed scopes: ${beyond.join(", ")}`,
    details: {
      provider_id: provider.id,
      issues: beyond.map((scope) => ({ path: "default_scopes", message: `${scope} is not allowed` })),
    },
  };
}
