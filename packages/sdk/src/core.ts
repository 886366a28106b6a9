import { AlterSDKError } from "./alter-sdk-error.ts";
import { platform as ownPlatform, type Platform } from "./platform.ts";
import { createProviderHttp, type ProviderHttp } from "./provider-http.ts";
import { createSigner } from "./signing-key.ts";
import { createUserTokens, type UserTokens } from "./user-token.ts";
import { createVaultHttp, type VaultHttp } from "./vault-http.ts";
import { checkVaultOptions, type AlterVaultOptions, type Settings } from "./vault-options.ts";

/** What an AlterVault and all its views share. */
export interface Core {
  readonly settings: Settings;
  readonly keyId: string;
  readonly vault: VaultHttp;
  readonly provider: ProviderHttp;
  readonly users: UserTokens;
  readonly platform: Platform;
  readonly newRunId: () => string;
  close(): void;
  /** Throws AlterSDKError `closed` after close(). */
  assertOpen(): void;
}

export function createCore(options: AlterVaultOptions, platform: Platform = ownPlatform): Core {
  const { key, settings } = checkVaultOptions(options);
  const signer = createSigner(key);
  const users = createUserTokens(settings.userTokenGetter);
  let closed = false;
  return {
    settings,
    keyId: signer.keyId,
    vault: createVaultHttp(settings, signer, platform),
    provider: createProviderHttp(settings.providerFetch, settings.baseUrl.origin),
    users,
    platform,
    newRunId: platform.uuid,
    close() {
      closed = true;
      users.signIn(undefined);
    },
    assertOpen() {
      if (closed) throw new AlterSDKError("This AlterVault is closed. Make a new one.", { code: "closed" });
    },
  };
}
