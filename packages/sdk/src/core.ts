import { AlterSDKError } from "./alter-sdk-error.ts";
import { platform as ownPlatform, type Platform } from "./platform.ts";
import { createProviderHttp, type ProviderHttp } from "./provider-http.ts";
import { createSigner } from "./signing-key.ts";
import { createVaultHttp, type VaultHttp } from "./vault-http.ts";
import { checkVaultOptions, type AlterVaultOptions, type Settings } from "./vault-options.ts";

/** What an AlterVault and all its views share. */
export interface Core {
  readonly settings: Settings;
  readonly keyId: string;
  readonly vault: VaultHttp;
  readonly provider: ProviderHttp;
  readonly platform: Platform;
  readonly newRunId: () => string;
  close(): void;
  /** Throws AlterSDKError `closed` after close(). */
  assertOpen(): void;
}

export function createCore(options: AlterVaultOptions, platform: Platform = ownPlatform): Core {
  const { key, settings } = checkVaultOptions(options);
  const signer = createSigner(key);
  let closed = false;
  return {
    settings,
    keyId: signer.keyId,
    vault: createVaultHttp(settings, signer, platform),
    provider: createProviderHttp(settings.providerFetch, settings.baseUrl.origin),
    platform,
    newRunId: platform.uuid,
    close() {
      closed = true;
    },
    assertOpen() {
      if (closed) throw new AlterSDKError("This AlterVault is closed. Make a new one.", { code: "closed" });
    },
  };
}
