import type { Provider } from "@alter-vault/providers";
import type { ConnectedGrant, GrantData, GrantPolicy } from "@alter-vault/protocol";
import type { Failure } from "../../call.ts";
import type { Principal } from "../../store/grant-records.ts";
import type { ProviderConfigRecord } from "../../store/provider-records.ts";

/**
 * How a grant for a connected account is obtained and given up. `connect/` brings the browser, the sessions and the
 * pages; here is what is said to the provider.
 *
 * It trusts the catalogue's entry and the app's configuration. It trusts no provider: every answer is read by the entry's
 * paths, every variable it brings is checked, and no account becomes a grant without an identity.
 */
export interface OAuthEngine {
  /** What users of an app can connect. */
  connectable(appId: string): Promise<ConnectableProvider[]>;
  /** Where to send the browser. Says nothing to the provider (but for the discovery of an issuer) and writes nothing. */
  begin(request: BeginRequest): Promise<Begun | Failure>;
  /** What came back with the browser, made into a grant. The code of the callback is used up, whatever comes of it. */
  finish(request: FinishRequest): Promise<Connected | Failure>;
  /** RFC 8628: asks the provider for a code to show. */
  startDevice(request: DeviceRequest): Promise<DeviceStarted | Failure>;
  /** `pending`: the user has not entered the code yet; `slowDown`: and asking less often is wanted. */
  pollDevice(
    request: FinishDeviceRequest,
  ): Promise<Connected | Failure | { ok: true; pending: true; slowDown: boolean }>;
}

export interface ConnectableProvider {
  readonly provider: Provider;
  readonly config: ProviderConfigRecord;
}

export interface BeginRequest {
  readonly appId: string;
  readonly providerId: string;
  /** Default: the configured default scopes. */
  readonly scopes?: readonly string[] | undefined;
  /** What the app or the user gave; those of the configuration are added. */
  readonly variables: Readonly<Record<string, string>>;
  readonly state: string;
  /** The vault's own callback; the configuration may name another. */
  readonly callbackUrl: string;
  readonly loginHint?: string | undefined;
}

export interface Begun {
  readonly ok: true;
  readonly url: string;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** To be kept sealed until the browser is back. */
  readonly secrets: AttemptSecrets;
}

export interface AttemptSecrets {
  /** PKCE. */
  readonly verifier?: string | undefined;
  /** OpenID Connect. */
  readonly nonce?: string | undefined;
  readonly deviceCode?: string | undefined;
}

/** What the app wants of the grant, whichever way it is obtained. */
export interface GrantWishes {
  /** Whose the grant is. Default: the app's own, `system`. */
  readonly principal?: Principal | undefined;
  /** The agent the user lets use the grant by connecting. Only for a user's grant. */
  readonly delegateTo?: string | undefined;
  readonly policy: GrantPolicy | null;
  readonly label?: string | undefined;
  readonly data?: GrantData | undefined;
  /** Only the account of this grant will do. */
  readonly grantId?: string | undefined;
}

export interface FinishRequest extends GrantWishes {
  readonly appId: string;
  readonly providerId: string;
  /** Every parameter of the callback. */
  readonly callback: URLSearchParams;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: AttemptSecrets;
  readonly callbackUrl: string;
}

export interface Connected {
  readonly ok: true;
  readonly pending?: undefined;
  readonly grant: ConnectedGrant;
}

export interface DeviceRequest {
  readonly appId: string;
  readonly providerId: string;
  readonly scopes?: readonly string[] | undefined;
  readonly variables: Readonly<Record<string, string>>;
}

export interface DeviceStarted {
  readonly ok: true;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: AttemptSecrets;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  readonly intervalSeconds: number;
  readonly expiresInSeconds: number;
}

export interface FinishDeviceRequest extends GrantWishes {
  readonly appId: string;
  readonly providerId: string;
  readonly askedScopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: AttemptSecrets;
}
