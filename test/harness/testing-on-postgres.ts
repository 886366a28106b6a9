import { createTestVault as createInMemory, slow, type TestVault } from "../../packages/testing/src/index.ts";
import { createPostgresStorage } from "./test-storage.ts";

/** `@alter-vault/testing` for suites of plugins that run on PostgreSQL as well: the same, each vault in a database. */
export { slow };

export async function createTestVault(): Promise<TestVault> {
  const storage = await createPostgresStorage();
  const vault = await createInMemory({ databaseUrl: storage.databaseUrl });
  return {
    ...vault,
    async stop() {
      await vault.stop();
      await storage.drop();
    },
  };
}
