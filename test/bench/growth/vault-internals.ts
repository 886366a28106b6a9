import { join } from "node:path";

// oxlint-disable typescript/consistent-type-imports -- a plain type import out of another project cannot be emitted (TS2878)

/**
 * The parts of the server that filling a data directory needs and that it does not export: how a value is sealed, so that
 * the filled-in secrets open like any other. Imported when they are needed, and from the sources, as everything here.
 */
type Keys = typeof import("../../../packages/server/src/crypto/file-key-provider.ts");
type Keyrings = typeof import("../../../packages/server/src/crypto/keyring.ts");
type Values = typeof import("../../../packages/server/src/credential/secret-value.ts");
type Stores = typeof import("../../../packages/server/src/store/sqlite/sqlite-store.ts");

export interface VaultInternals extends Pick<Keys, "openKeyFile"> {
  readonly openKeyring: Keyrings["openKeyring"];
  readonly sealSecretValue: Values["sealSecretValue"];
  readonly openSqliteStore: Stores["openSqliteStore"];
}

const SOURCES = join(import.meta.dirname, "../../../packages/server/src");

export async function loadVaultInternals(): Promise<VaultInternals> {
  const [keys, keyrings, values, stores] = await Promise.all([
    import(join(SOURCES, "crypto/file-key-provider.ts")) as Promise<Keys>,
    import(join(SOURCES, "crypto/keyring.ts")) as Promise<Keyrings>,
    import(join(SOURCES, "credential/secret-value.ts")) as Promise<Values>,
    import(join(SOURCES, "store/sqlite/sqlite-store.ts")) as Promise<Stores>,
  ]);
  return {
    openKeyFile: keys.openKeyFile,
    openKeyring: keyrings.openKeyring,
    sealSecretValue: values.sealSecretValue,
    openSqliteStore: stores.openSqliteStore,
  };
}
