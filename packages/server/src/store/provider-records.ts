/** How an app is known at a provider. */
export interface ProviderConfigRecord {
  readonly id: string;
  readonly appId: string;
  readonly provider: string;
  readonly clientId: string;
  /** Client secret and private key, sealed; see `credential/client-secret.ts`. */
  readonly sealedClient: Uint8Array;
  readonly hasClientSecret: boolean;
  readonly hasPrivateKey: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly allowedScopes: readonly string[] | null;
  readonly defaultScopes: readonly string[];
  /** Null: the vault's own callback. */
  readonly redirectUri: string | null;
  readonly grantSchema: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An entry of an app's own catalogue; `definition` is JSON that was checked before it was stored. */
export interface CustomProviderRecord {
  readonly appId: string;
  readonly provider: string;
  readonly definition: string;
  readonly createdAt: number;
}

export interface ProviderStore {
  findProviderConfig(appId: string, provider: string): Promise<ProviderConfigRecord | null>;
  listProviderConfigs(appId: string): Promise<ProviderConfigRecord[]>;
  /** Replaces the app's configuration of that provider, if there is one; its id and creation time stay. */
  putProviderConfig(config: ProviderConfigRecord): Promise<ProviderConfigRecord>;
  deleteProviderConfig(appId: string, provider: string): Promise<ProviderConfigRecord | null>;
  findCustomProvider(appId: string, provider: string): Promise<CustomProviderRecord | null>;
  listCustomProviders(appId: string): Promise<CustomProviderRecord[]>;
  putCustomProvider(record: CustomProviderRecord): Promise<void>;
  deleteCustomProvider(appId: string, provider: string): Promise<CustomProviderRecord | null>;
}
