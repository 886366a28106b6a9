import { afterAll, beforeAll, beforeEach } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { FAKE_API_KEY, startFakeVault, type FakeVault } from "./fake-vault.test-support.ts";

export interface UsedFakeVault {
  readonly server: FakeVault;
  readonly vault: AlterVault;
  /** What the SDK's own logger was told. */
  readonly warnings: string[];
  /** The body of the first request, as JSON. */
  sentBody(): unknown;
}

/** A fake vault, and an AlterVault that talks to it, for all tests of a file. Each begins with nothing seen and no skew. */
export function useFakeVault(): UsedFakeVault {
  let server: FakeVault;
  let vault: AlterVault;
  const warnings: string[] = [];
  beforeAll(async () => {
    server = await startFakeVault();
    const logger = { warn: (line: string) => void warnings.push(line) };
    vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: server.url, logger });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    server.skewSeconds = 0;
    warnings.length = 0;
  });
  return {
    get server() {
      return server;
    },
    get vault() {
      return vault;
    },
    warnings,
    sentBody: () => JSON.parse(String(server.seen[0]?.body)),
  };
}
