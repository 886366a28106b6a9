import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { ProviderStore } from "../store/provider-records.ts";
import { appSecretProof } from "./oauth/call-request.ts";
import { openClientSecret } from "./oauth/client-secret.ts";
import { tokenInjection, withApiHeaders } from "./oauth/injection.ts";
import type { Fresh, Refresher } from "./oauth/refresh.ts";
import { openSecretValue } from "./secret-value.ts";
import type { UsableCredential } from "./usable-credential.ts";

/** Step 3, second half: what is injected, opened. Only after the decision to use it was recorded. */
export type OpenedCredential =
  | {
      readonly ok: true;
      readonly rule: InjectionRule;
      readonly material: SecretMaterial;
      /** The caller's, and those that the provider wants in every call. */
      readonly headers: Headers;
      /** Of a connected account: which tokens these are. */
      readonly credential: UsableCredential;
    }
  | Failure;

export interface OpenDeps {
  readonly keyring: Keyring;
  readonly store: Pick<ProviderStore, "findProviderConfig">;
  readonly refresher: Refresher;
}

type Headers = readonly (readonly [string, string])[];

type Injection = ReturnType<typeof tokenInjection>;

const UNREADABLE: Failure = { ok: false, code: "credential_unreadable", detail: "the stored value does not open" };

/** A managed secret is opened at once; the tokens of an account may have to be refreshed first. */
export function openCredential(
  deps: OpenDeps,
  credential: UsableCredential,
  headers: Headers,
): OpenedCredential | Promise<OpenedCredential> {
  if (credential.kind === "oauth") {
    return deps.refresher.fresh(credential.record).then((fresh) => withTokens(deps, credential, headers, fresh));
  }
  const { secret } = credential;
  const material = openSecretValue(deps.keyring, secret);
  return material ? { ok: true, rule: secret.injection, material, headers, credential } : UNREADABLE;
}

/** After the provider refused tokens that looked good: others. Null: there are none to be had. */
export async function replaceCredential(
  deps: OpenDeps,
  credential: UsableCredential & { readonly kind: "oauth" },
  headers: Headers,
): Promise<OpenedCredential | null> {
  const fresh = await deps.refresher.replace(credential.record);
  return fresh && withTokens(deps, credential, headers, fresh);
}

async function withTokens(
  deps: OpenDeps,
  credential: UsableCredential & { readonly kind: "oauth" },
  headers: Headers,
  fresh: Fresh,
): Promise<OpenedCredential> {
  if (!fresh.ok) return fresh;
  const { provider, clientId } = credential;
  const injection =
    provider.strategy === "meta-appsecret-proof"
      ? await proven(deps, credential, fresh.tokens.access_token)
      : tokenInjection(provider, fresh.tokens);
  if (!injection) return UNREADABLE;
  return {
    ok: true,
    ...injection,
    headers: withApiHeaders(provider, clientId, headers),
    credential: { ...credential, record: fresh.credential },
  };
}

/** Meta: a call from a server proves that it knows the app's secret, not only a token. */
async function proven(
  { keyring, store }: OpenDeps,
  { record }: UsableCredential & { readonly kind: "oauth" },
  token: string,
): Promise<Injection | null> {
  const config = await store.findProviderConfig(record.appId, record.provider);
  const secret = config && openClientSecret(keyring, config)?.client_secret;
  if (!secret) return null;
  const proof = appSecretProof(secret, token);
  return {
    rule: { kind: "custom", headers: { authorization: "Bearer {token}" }, query: { appsecret_proof: "{proof}" } },
    material: { kind: "custom", fields: { token, proof } },
  };
}
